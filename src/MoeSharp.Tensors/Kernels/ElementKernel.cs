using System.Numerics.Tensors;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Sums and products element by element, each rounded once, so bits depend on neither width nor place.</summary>
/// <remarks>The vector code is that of <see cref="TensorPrimitives"/>; this file only adds the "or accumulate" of gradients.</remarks>
internal static class ElementKernel
{
    /// <summary>y = a + b.</summary>
    public static void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y) => TensorPrimitives.Add(a, b, y);

    /// <summary>y = a·b, or y += a·b.</summary>
    public static void Multiply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y, bool accumulate)
    {
        if (accumulate)
        {
            TensorPrimitives.FusedMultiplyAdd(a, b, y, y);
        }
        else
        {
            TensorPrimitives.Multiply(a, b, y);
        }
    }

    /// <summary>y = s·x, or y += s·x.</summary>
    public static void Scale(ReadOnlySpan<float> x, float s, Span<float> y, bool accumulate)
    {
        if (accumulate)
        {
            TensorPrimitives.FusedMultiplyAdd(x, s, y, y);
        }
        else if (s == 1)
        {
            x.CopyTo(y);
        }
        else
        {
            TensorPrimitives.Multiply(x, s, y);
        }
    }

    /// <summary>y += s.</summary>
    public static void AddValue(float s, Span<float> y) => TensorPrimitives.Add(y, s, y);
}
