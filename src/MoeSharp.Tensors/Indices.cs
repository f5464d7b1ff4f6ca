namespace MoeSharp.Tensors;

/// <summary>Whole numbers beside tensors: token ids, expert ids, row numbers, offsets. Lives in a scope or stands free.</summary>
public sealed class Indices
{
    private Tensor _memory = null!;

    internal Indices()
    {
    }

    internal Indices(Tensor memory) => _memory = memory;

    /// <summary>Count of numbers.</summary>
    public int Length => (int)_memory.Length;

    /// <summary>All numbers.</summary>
    public unsafe Span<int> Span => new(_memory.Pointer, Length);

    /// <summary>The memory that holds the numbers, four bytes each.</summary>
    internal Tensor Memory => _memory;

    internal unsafe int* Pointer => (int*)_memory.Pointer;

    /// <summary>One number.</summary>
    public int this[int index]
    {
        get => Span[index];
        set => Span[index] = value;
    }

    /// <summary>Gives the object its memory for the next life.</summary>
    internal void Attach(Tensor memory) => _memory = memory;

    /// <summary>Free indices with undefined content.</summary>
    public static Indices Uninitialized(int length) => new(Tensor.Uninitialized(new TensorShape(length)));

    /// <summary>Free indices with a copy of <paramref name="values"/>.</summary>
    public static Indices From(ReadOnlySpan<int> values)
    {
        Indices indices = Uninitialized(values.Length);
        values.CopyTo(indices.Span);
        return indices;
    }
}
