using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Training.Optimizers;

/// <summary>Muon: momentum whose direction is made orthogonal, matrix by matrix, by a Newton–Schulz iteration.</summary>
/// <remarks>
/// <para>Shapes: matrices <c>[N, K]</c> and stacks of them <c>[E, N, K]</c>, each expert on its own; vectors are refused.</para>
/// <para>Formula: <c>b = b + (1−μ)(g − b)</c>; <c>u = g + μ(b − g)</c> (Nesterov) or <c>b</c>; <c>X = u / max(‖u‖, ε)</c>;
/// five times <c>A = XXᵀ</c>, <c>X = a·X + (b·A + c·A²)·X</c>; <c>p = p·(1 − ηλ) − η·√max(1, N/K)·X</c>.</para>
/// <para>The iteration runs in float32 here and in bfloat16 in torch.optim.Muon: they agree to about 1e-2.</para>
/// <para>Source: Jordan et al. 2024, "Muon"; torch.optim.Muon.</para>
/// </remarks>
public sealed class Muon : Optimizer
{
    private const float CubicA = 3.4445f, CubicB = -4.775f, CubicC = 2.0315f;

    private readonly double _momentum;
    private readonly bool _nesterov;
    private readonly int _iterations;
    private double _learningRate;
    private double _gradientScale;

    /// <summary>Takes the matrices and makes the velocities.</summary>
    /// <param name="parameters">What to train: matrices and stacks of matrices.</param>
    /// <param name="momentum">μ.</param>
    /// <param name="nesterov">True to look ahead along the velocity.</param>
    /// <param name="iterations">Newton–Schulz iterations.</param>
    /// <param name="decay">λ, decoupled, and which parameters it applies to; null for none.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    /// <exception cref="TensorShapeException">A parameter is a vector.</exception>
    public Muon(
        IReadOnlyList<Parameter> parameters,
        double momentum = 0.95,
        bool nesterov = true,
        int iterations = 5,
        WeightDecay? decay = null,
        Workers? workers = null)
        : base(parameters, decay ?? WeightDecay.None, ["velocity"], workers)
    {
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Value.Shape.Rank is < 2 or > 3)
            {
                throw new TensorShapeException(
                    $"muon: '{parameter.Name}' has shape {parameter.Value.Shape}. Only matrices and stacks of matrices; give the rest to AdamW.");
            }
        }

        _momentum = momentum;
        _nesterov = nesterov;
        _iterations = iterations;
    }

    /// <inheritdoc/>
    protected override void Prepare(int parameter, double learningRate, double gradientScale)
    {
        _learningRate = learningRate;
        _gradientScale = gradientScale;

        // The whole matrix takes part in each element's direction, so the work is here and not in the chunks.
        Tensor value = Parameters[parameter].Value;
        Tensor gradient = value.Gradient!;
        Tensor velocity = Slot(0, parameter);
        if (value.Shape.Rank == 2)
        {
            Move(value, gradient, velocity, DecayOf(parameter));
            return;
        }

        for (long expert = 0; expert < value.Shape[0]; expert++)
        {
            Move(value.Slice(expert), gradient.Slice(expert), velocity.Slice(expert), DecayOf(parameter));
        }
    }

    /// <inheritdoc/>
    protected override void Update(int parameter, Span<float> value, ReadOnlySpan<float> gradient, long start)
    {
        // Already moved in Prepare.
    }

    private void Move(Tensor value, Tensor gradient, Tensor velocity, double decay)
    {
        int rows = value.Rows, columns = value.Columns;
        float[] direction = new float[rows * columns];
        Span<float> b = velocity.Span;
        ReadOnlySpan<float> g = gradient.Span;
        for (int i = 0; i < direction.Length; i++)
        {
            float scaled = g[i] * (float)_gradientScale;
            b[i] += (float)(1 - _momentum) * (scaled - b[i]);
            direction[i] = _nesterov ? scaled + ((float)_momentum * (b[i] - scaled)) : b[i];
        }

        NewtonSchulz.Orthogonalize(direction, rows, columns, _iterations, CubicA, CubicB, CubicC);
        float step = (float)(-_learningRate * Math.Sqrt(Math.Max(1.0, (double)rows / columns)));
        float keep = (float)(1 - (_learningRate * decay));
        Span<float> p = value.Span;
        for (int i = 0; i < direction.Length; i++)
        {
            p[i] = (p[i] * keep) + (step * direction[i]);
        }
    }
}
