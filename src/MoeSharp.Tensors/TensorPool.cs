using System.Numerics;

namespace MoeSharp.Tensors;

/// <summary>Memory between two lives: tensors that a scope gave back, by size class, ready for the next step.</summary>
/// <remarks>
/// <para>Sizes are rounded up to four classes an octave (at most a quarter is wasted), so steps with varying row counts settle
/// on few blocks. Nothing is freed until the pool itself is collected.</para>
/// <para>Safe for concurrent use.</para>
/// </remarks>
public sealed class TensorPool
{
    private readonly Lock _lock = new();
    private readonly Stack<Tensor>?[] _free = new Stack<Tensor>?[256];

    /// <summary>Bytes that this pool has taken from the system.</summary>
    public long ReservedBytes { get; private set; }

    internal Tensor Rent(TensorShape shape, TensorScope scope)
    {
        int sizeClass = SizeClass(shape.Length, out long capacity);
        lock (_lock)
        {
            if (_free[sizeClass] is { Count: > 0 } stack)
            {
                Tensor tensor = stack.Pop();
                tensor.Reuse(shape, scope);
                return tensor;
            }

            ReservedBytes += capacity * sizeof(float);
        }

        return new Tensor(new TensorStorage(capacity), shape, scope);
    }

    internal void Return(Tensor tensor)
    {
        int sizeClass = SizeClass(tensor.Storage.Capacity, out _);
        lock (_lock)
        {
            (_free[sizeClass] ??= new Stack<Tensor>()).Push(tensor);
        }
    }

    /// <summary>Class and capacity of a length: 16 elements at least, then quarters of an octave.</summary>
    internal static int SizeClass(long length, out long capacity)
    {
        if (length <= 16)
        {
            capacity = 16;
            return 0;
        }

        int octave = BitOperations.Log2((ulong)(length - 1));          // 2^octave < length <= 2^(octave+1)
        long quarter = 1L << (octave - 2);
        long steps = (length - (1L << octave) + quarter - 1) / quarter; // 1..4
        capacity = (1L << octave) + (steps * quarter);
        return ((octave - 3) * 4) + (int)steps;
    }
}
