using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Tensors;

/// <summary>The life of intermediates: everything made in it goes back to the pool when it ends or is reset.</summary>
/// <remarks>
/// <para>The scope rides on its tensors, so an operation finds memory, threads and the tape at its input:
/// <c>y = layer.Forward(x)</c> needs nothing else.</para>
/// <para>One scope belongs to one thread at a time. After <see cref="Reset"/> its tensors must not be used.</para>
/// </remarks>
public sealed class TensorScope : IDisposable
{
    private readonly TensorPool _pool;
    private readonly List<Tensor> _live = [];
    private readonly List<Indices> _indices = [];
    private int _indicesUsed;
    private bool _ended;

    /// <summary>Opens a scope.</summary>
    /// <param name="pool">Where memory comes from and goes back to; null makes a pool of its own.</param>
    /// <param name="workers">Threads for the operations; null takes <see cref="Workers.Default"/>.</param>
    /// <param name="record">True to record a tape for gradients.</param>
    public TensorScope(TensorPool? pool = null, Workers? workers = null, bool record = false)
    {
        _pool = pool ?? new TensorPool();
        Workers = workers ?? Workers.Default;
        Tape = record ? new Tape(this) : null;
    }

    /// <summary>Threads for operations on tensors of this scope.</summary>
    public Workers Workers { get; }

    /// <summary>The tape, when this scope records for gradients; otherwise null.</summary>
    public Tape? Tape { get; }

    /// <summary>Sees the inputs of products with parameters; null for nobody.</summary>
    public IProductObserver? ProductObserver { get; init; }

    /// <summary>Count of tensors that are alive in this scope.</summary>
    public int LiveCount => _live.Count;

    /// <summary>A tensor with undefined content.</summary>
    public Tensor New(TensorShape shape)
    {
        if (_ended)
        {
            Throw.ScopeEnded();
        }

        Tensor tensor = _pool.Rent(shape, this);
        tensor.ScopeIndex = _live.Count;
        _live.Add(tensor);
        return tensor;
    }

    /// <summary>A tensor of zeros.</summary>
    public Tensor Zeros(TensorShape shape)
    {
        Tensor tensor = New(shape);
        tensor.Fill(0);
        return tensor;
    }

    /// <summary>A tensor with a copy of <paramref name="values"/>.</summary>
    /// <exception cref="TensorShapeException">The count of values is not that of the shape.</exception>
    public Tensor From(ReadOnlySpan<float> values, TensorShape shape)
    {
        if (values.Length != shape.Length)
        {
            Throw.Shape($"tensor: got {values.Length} values for the shape {shape}. It needs {shape.Length}.");
        }

        Tensor tensor = New(shape);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Whole numbers with undefined content.</summary>
    public Indices NewIndices(int length)
    {
        // The small wrapper objects are kept from step to step; each takes fresh memory of the step.
        if (_indicesUsed == _indices.Count)
        {
            _indices.Add(new Indices());
        }

        Indices indices = _indices[_indicesUsed++];
        indices.Attach(New(new TensorShape(length)));
        return indices;
    }

    /// <summary>Gives one tensor back before the scope ends. It must not be used afterwards.</summary>
    public void Release(Tensor tensor)
    {
        if (!ReferenceEquals(tensor.Scope, this) || tensor.ScopeIndex < 0)
        {
            return; // free tensors, views and tensors already given back own nothing here
        }

        int last = _live.Count - 1;
        _live[last].ScopeIndex = tensor.ScopeIndex;
        _live[tensor.ScopeIndex] = _live[last];
        _live.RemoveAt(last);
        tensor.ScopeIndex = -1;
        _pool.Return(tensor);
    }

    /// <summary>Ends the life of all tensors of this scope; the scope itself goes on.</summary>
    public void Reset()
    {
        Tape?.Clear();
        foreach (Tensor tensor in _live)
        {
            tensor.ScopeIndex = -1;
            tensor.DetachGradient();
            _pool.Return(tensor);
        }

        _live.Clear();
        _indicesUsed = 0;
    }

    /// <summary>Ends the life of all tensors of this scope.</summary>
    public void Dispose()
    {
        Reset();
        _ended = true;
    }
}
