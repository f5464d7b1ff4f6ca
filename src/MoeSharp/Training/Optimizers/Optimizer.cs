using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Training.Optimizers;

/// <summary>Changes parameters by their gradients, one step at a time, and owns what it must remember between steps.</summary>
/// <remarks>
/// <para>All parameters are updated in one parallel region, cut into fixed chunks, so results do not depend on the thread count.
/// A parameter without a gradient is left alone and its own step count stands still, as in PyTorch.</para>
/// <para>The state is created at construction, so that a checkpoint can be read into it. Not safe for concurrent use.</para>
/// </remarks>
public abstract class Optimizer
{
    private const int ChunkLength = 1 << 16;

    private readonly Parameter[] _parameters;
    private readonly bool[] _decays;
    private readonly long[] _steps;
    private readonly Chunk[] _chunks;
    private readonly string[] _slotNames;
    private readonly Tensor[][] _slots;

    /// <summary>Takes the parameters and makes the state, all zeros.</summary>
    /// <param name="parameters">What to train; names must be unique.</param>
    /// <param name="decay">λ, and which parameters it applies to.</param>
    /// <param name="slotNames">Names of the state tensors of each parameter, each of its shape.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    /// <exception cref="ArgumentException">Two parameters have one name, or λ is negative.</exception>
    protected Optimizer(
        IReadOnlyList<Parameter> parameters, WeightDecay decay, ReadOnlySpan<string> slotNames, Workers? workers)
    {
        Workers = workers ?? Workers.Default;
        Decay = decay;
        _parameters = [.. parameters];
        _slotNames = [.. slotNames];
        _steps = new long[_parameters.Length];
        _decays = new bool[_parameters.Length];
        _slots = new Tensor[_slotNames.Length][];
        for (int slot = 0; slot < _slots.Length; slot++)
        {
            _slots[slot] = new Tensor[_parameters.Length];
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        var chunks = new List<Chunk>();
        for (int i = 0; i < _parameters.Length; i++)
        {
            Parameter parameter = _parameters[i];
            if (!names.Add(parameter.Name))
            {
                throw new ArgumentException(
                    $"optimizer: two parameters are named '{parameter.Name}'. Names must be unique.", nameof(parameters));
            }

            _decays[i] = decay.Rule.Decays(parameter.Name, parameter.Value.Shape.Rank);
            foreach (Tensor[] slot in _slots)
            {
                slot[i] = Tensor.Zeros(parameter.Value.Shape);
            }

            for (long start = 0; start < parameter.Value.Length; start += ChunkLength)
            {
                chunks.Add(new Chunk(i, start, (int)Math.Min(ChunkLength, parameter.Value.Length - start)));
            }
        }

        _chunks = [.. chunks];
    }

    /// <summary>What is trained, in the order given.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>λ, and which parameters it applies to.</summary>
    public WeightDecay Decay { get; }

    /// <summary>Names of the state tensors that each parameter has.</summary>
    public IReadOnlyList<string> SlotNames => _slotNames;

    /// <summary>The threads.</summary>
    public Workers Workers { get; }

    /// <summary>One state tensor of one parameter; writable, for reading a checkpoint.</summary>
    /// <param name="slot">Index into <see cref="SlotNames"/>.</param>
    /// <param name="parameter">Index into <see cref="Parameters"/>.</param>
    public Tensor Slot(int slot, int parameter) => _slots[slot][parameter];

    /// <summary>Steps that a parameter has taken.</summary>
    /// <param name="parameter">Index into <see cref="Parameters"/>.</param>
    public long StepCount(int parameter) => _steps[parameter];

    /// <summary>Sets the steps that a parameter has taken, when a checkpoint is read.</summary>
    /// <param name="parameter">Index into <see cref="Parameters"/>.</param>
    /// <param name="steps">At least 0.</param>
    public void SetStepCount(int parameter, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        _steps[parameter] = steps;
    }

    /// <summary>True where the decay applies to a parameter.</summary>
    /// <param name="parameter">Index into <see cref="Parameters"/>.</param>
    public bool Decays(int parameter) => _decays[parameter];

    /// <summary>Moves every parameter that has a gradient.</summary>
    /// <param name="learningRate">η of this step.</param>
    /// <param name="gradientScale">Factor of all gradients (clipping, 1 over accumulated batches), folded into the same pass.</param>
    public void Step(double learningRate, double gradientScale = 1)
    {
        for (int i = 0; i < _parameters.Length; i++)
        {
            if (_parameters[i].Gradient is not null)
            {
                _steps[i]++;
                Prepare(i, learningRate, gradientScale);
            }
        }

        Workers.Run(_chunks.Length, new ChunkWork(this));
    }

    /// <summary>Forgets all gradients; the next backward pass overwrites them.</summary>
    public void ClearGradients()
    {
        foreach (Parameter parameter in _parameters)
        {
            parameter.ClearGradient();
        }
    }

    /// <summary>Works out what is the same for all elements of a parameter, before its chunks run.</summary>
    /// <param name="parameter">Index into <see cref="Parameters"/>; its step count is already that of this step.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="gradientScale">Factor of the gradient.</param>
    protected abstract void Prepare(int parameter, double learningRate, double gradientScale);

    /// <summary>Moves a range of one parameter; ranges of one step run on several threads at once.</summary>
    /// <param name="parameter">Index into <see cref="Parameters"/>.</param>
    /// <param name="value">The range of its value.</param>
    /// <param name="gradient">The range of its gradient.</param>
    /// <param name="start">Where the range starts in the state tensors.</param>
    protected abstract void Update(int parameter, Span<float> value, ReadOnlySpan<float> gradient, long start);

    /// <summary>λ where the rule decays the parameter, else 0.</summary>
    /// <param name="parameter">Index into <see cref="Parameters"/>.</param>
    protected double DecayOf(int parameter) => _decays[parameter] ? Decay.Coefficient : 0;

    private void RunChunk(int index)
    {
        Chunk chunk = _chunks[index];
        Tensor value = _parameters[chunk.Parameter].Value;
        if (value.Gradient is { } gradient)
        {
            Update(
                chunk.Parameter,
                value.SpanAt(chunk.Start, chunk.Length),
                gradient.SpanAt(chunk.Start, chunk.Length),
                chunk.Start);
        }
    }

    private readonly record struct Chunk(int Parameter, long Start, int Length);

    private readonly struct ChunkWork(Optimizer owner) : IWork
    {
        public void Run(int item, int worker) => owner.RunChunk(item);
    }
}
