using System.Diagnostics.CodeAnalysis;

namespace MoeSharp.Tensors;

/// <summary>Every fault of this library, by name, so that hot methods stay small and messages stay together.</summary>
internal static class Throw
{
    [DoesNotReturn]
    public static void Shape(string message) => throw new TensorShapeException(message);

    [DoesNotReturn]
    public static void SpanTooLong(TensorShape shape) => throw new TensorShapeException(
        $"tensor: {shape} has {shape.Length} elements, more than one span can hold. Read it by rows or by slices.");

    [DoesNotReturn]
    public static void RowOutOfRange(long row, long rows) => throw new ArgumentOutOfRangeException(
        nameof(row), $"tensor: row {row} does not exist. Rows go from 0 to {rows - 1}.");

    [DoesNotReturn]
    public static void ScopeEnded() => throw new ObjectDisposedException(
        nameof(TensorScope), "tensor scope: the scope has ended. Create tensors before it is disposed.");

    public static void UnlessShape(string where, Tensor tensor, TensorShape expected)
    {
        if (tensor.Shape != expected)
        {
            Shape($"{where}: got a tensor of shape {tensor.Shape}. It must be {expected}.");
        }
    }

    public static void UnlessColumns(string where, Tensor tensor, long columns)
    {
        if (tensor.Columns != columns)
        {
            Shape($"{where}: the last dimension of {tensor.Shape} is {tensor.Columns}. It must be {columns}.");
        }
    }
}
