namespace MoeSharp.Tensors;

/// <summary>Numbers: float32, contiguous, row-major, 0 to 4 dimensions.</summary>
/// <remarks>
/// <para>A tensor lives in a <see cref="TensorScope"/>, which takes its memory back when it ends, or stands free (parameters,
/// caches) and keeps its memory as long as something refers to it. Results of operations live in the scope of their input.</para>
/// <para>There are no strides: a part of a tensor is a row range or a slice along the first dimension.</para>
/// <para>Not safe for writing from several threads, but for disjoint rows.</para>
/// </remarks>
public sealed class Tensor
{
    private readonly TensorStorage _storage;
    private readonly long _offset;

    internal Tensor(TensorStorage storage, TensorShape shape, TensorScope? scope, long offset = 0)
    {
        _storage = storage;
        _offset = offset;
        Shape = shape;
        Scope = scope;
    }

    /// <summary>Sizes, outermost first.</summary>
    public TensorShape Shape { get; private set; }

    /// <summary>Count of elements.</summary>
    public long Length => Shape.Length;

    /// <summary>Product of all dimensions but the last, as a number of rows.</summary>
    public int Rows => checked((int)Shape.Rows);

    /// <summary>Size of the last dimension.</summary>
    public int Columns => checked((int)Shape.Columns);

    /// <summary>Where the tensor lives; null when it stands free.</summary>
    public TensorScope? Scope { get; private set; }

    /// <summary>True where a gradient is wanted: a trainable parameter, or a recorded result that depends on one.</summary>
    public bool NeedsGradient { get; set; }

    /// <summary>The gradient, once something was written to it since the last <see cref="ClearGradient"/>; otherwise null.</summary>
    public Tensor? Gradient => HasGradient ? GradientBuffer : null;

    /// <summary>True when <see cref="Gradient"/> holds values.</summary>
    public bool HasGradient { get; private set; }

    /// <summary>All elements. Tensors of more than 2³¹ − 1 elements are read by <see cref="Slice"/> or <see cref="Row"/>.</summary>
    public unsafe Span<float> Span
    {
        get
        {
            if (Length > int.MaxValue)
            {
                Throw.SpanTooLong(Shape);
            }

            return new Span<float>(Pointer, (int)Length);
        }
    }

    /// <summary>The first element of a free or live tensor; valid as long as the tensor is.</summary>
    internal unsafe float* Pointer => _storage.Pointer + _offset;

    internal TensorStorage Storage => _storage;

    /// <summary>Place in the list of its scope; lets the scope give it back early in constant time.</summary>
    internal int ScopeIndex { get; set; } = -1;

    /// <summary>True where the tape must not give the memory back before the scope ends.</summary>
    internal bool IsKept { get; private set; }

    private Tensor? GradientBuffer { get; set; }

    /// <summary>A free tensor of zeros.</summary>
    public static Tensor Zeros(TensorShape shape)
    {
        Tensor tensor = Uninitialized(shape);
        tensor.Fill(0);
        return tensor;
    }

    /// <summary>A free tensor with undefined content.</summary>
    public static Tensor Uninitialized(TensorShape shape) => new(new TensorStorage(shape.Length), shape, scope: null);

    /// <summary>A free tensor with a copy of <paramref name="values"/>, row-major.</summary>
    /// <exception cref="TensorShapeException">The count of values is not that of the shape.</exception>
    public static Tensor From(ReadOnlySpan<float> values, TensorShape shape)
    {
        if (values.Length != shape.Length)
        {
            Throw.Shape($"tensor: got {values.Length} values for the shape {shape}. It needs {shape.Length}.");
        }

        Tensor tensor = Uninitialized(shape);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Row <paramref name="row"/> of the tensor seen as <c>[Rows, Columns]</c>.</summary>
    public unsafe Span<float> Row(long row)
    {
        if ((ulong)row >= (ulong)Shape.Rows)
        {
            Throw.RowOutOfRange(row, Shape.Rows);
        }

        return new Span<float>(Pointer + (row * Shape.Columns), Columns);
    }

    /// <summary>Elements <paramref name="start"/> to <paramref name="start"/> + <paramref name="length"/> − 1 in row-major order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public unsafe Span<float> SpanAt(long start, int length)
    {
        if (start < 0 || length < 0 || start > Length - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), $"tensor: {Shape} has no elements {start} to {start + length - 1}.");
        }

        return new Span<float>(Pointer + start, length);
    }

    /// <summary>Consecutive rows of the tensor seen as <c>[Rows, Columns]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public Span<float> RowRange(long first, int count) => SpanAt(first * Shape.Columns, checked((int)(count * Shape.Columns)));

    /// <summary>A view of slice <paramref name="index"/> along the first dimension; shares memory, carries no gradient.</summary>
    public Tensor Slice(long index)
    {
        if (Shape.Rank < 1 || (ulong)index >= (ulong)Shape[0])
        {
            throw new ArgumentOutOfRangeException(nameof(index), $"tensor: {Shape} has no slice {index}.");
        }

        TensorShape inner = TensorShape.From(Shape.ToArray().AsSpan(1));
        return new Tensor(_storage, inner, Scope, _offset + (index * inner.Length));
    }

    /// <summary>A view with another shape of the same length; shares memory, carries no gradient.</summary>
    public Tensor View(TensorShape shape)
    {
        if (shape.Length != Length)
        {
            Throw.Shape($"view: {Shape} has {Length} elements. The new shape {shape} has {shape.Length}.");
        }

        return new Tensor(_storage, shape, Scope, _offset);
    }

    /// <summary>Sets every element.</summary>
    public unsafe void Fill(float value)
    {
        const long chunk = 1 << 30;
        for (long start = 0; start < Length; start += chunk)
        {
            new Span<float>(Pointer + start, (int)Math.Min(chunk, Length - start)).Fill(value);
        }
    }

    /// <summary>A free copy without gradient.</summary>
    public unsafe Tensor Clone()
    {
        Tensor copy = Uninitialized(Shape);
        Buffer.MemoryCopy(Pointer, copy.Pointer, Length * sizeof(float), Length * sizeof(float));
        return copy;
    }

    /// <summary>The only element of a tensor of length one.</summary>
    public float ToScalar() => Length == 1
        ? Span[0]
        : throw new TensorShapeException($"tensor: {Shape} is not a single number.");

    /// <summary>A copy as an array.</summary>
    public float[] ToArray()
    {
        float[] values = Span.ToArray();
        GC.KeepAlive(this); // a span does not: making the array may collect this, and free the memory
        return values;
    }

    /// <summary>Keeps value and gradient until the scope ends, where the tape would give them back during its backward pass.</summary>
    public Tensor Keep()
    {
        IsKept = true;
        return this;
    }

    /// <summary>Where to write the gradient.</summary>
    /// <param name="accumulate">False for the first writer, which overwrites; true for later ones, which add.</param>
    public Tensor GradientFor(out bool accumulate)
    {
        GradientBuffer ??= Scope is null ? Uninitialized(Shape) : Scope.New(Shape);
        accumulate = HasGradient;
        HasGradient = true;
        return GradientBuffer;
    }

    /// <summary>Takes <paramref name="gradient"/>, which the caller gives up, as the gradient; adds it where there is one already.</summary>
    /// <remarks>Saves an operation that has its input's gradient in memory of its own from copying it.</remarks>
    internal void TakeGradient(Tensor gradient)
    {
        if (HasGradient)
        {
            Kernels.ElementKernel.Add(GradientBuffer!.Span, gradient.Span, GradientBuffer.Span);
            return;
        }

        GradientBuffer = gradient;
        HasGradient = true;
    }

    /// <summary>Forgets the gradient; its memory stays for the next one.</summary>
    public void ClearGradient() => HasGradient = false;

    /// <summary>As <c>Tensor [4, 64]</c>.</summary>
    public override string ToString() => $"Tensor {Shape}";

    /// <summary>Makes a pooled object ready for its next life.</summary>
    internal void Reuse(TensorShape shape, TensorScope scope)
    {
        Shape = shape;
        Scope = scope;
        NeedsGradient = false;
        HasGradient = false;
        GradientBuffer = null;
        IsKept = false;
    }

    /// <summary>Gives a free tensor another shape within the capacity of its memory.</summary>
    internal void Resize(TensorShape shape)
    {
        System.Diagnostics.Debug.Assert(Scope is null && _offset + shape.Length <= _storage.Capacity, "the memory must suffice");
        Shape = shape;
    }

    /// <summary>Takes the gradient buffer away, for giving it back to the scope.</summary>
    internal Tensor? DetachGradient()
    {
        Tensor? gradient = GradientBuffer;
        GradientBuffer = null;
        HasGradient = false;
        return gradient;
    }
}
