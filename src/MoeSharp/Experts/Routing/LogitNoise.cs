using MoeSharp.Experts.Ops;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Routing;

/// <summary>Gaussian noise on router logits in training: <c>h̃ = h + n·σ</c>, n from the standard normal distribution.</summary>
public sealed class LogitNoise
{
    private readonly float _deviation;
    private readonly bool _dividedByExperts;
    private readonly float? _epsilon;
    private Parameter? _weight;

    private LogitNoise(float deviation, bool dividedByExperts, float? epsilon)
    {
        _deviation = deviation;
        _dividedByExperts = dividedByExperts;
        _epsilon = epsilon;
    }

    /// <summary>The matrix of learned noise <c>[E, D]</c>; null for constant noise.</summary>
    public Parameter? Weight => _weight;

    /// <summary>The trainable tensors.</summary>
    public IEnumerable<Parameter> Parameters => _weight is null ? [] : [_weight];

    /// <summary>A constant deviation (V-MoE and Tutel: 1/E).</summary>
    /// <param name="deviation">σ, or σ·E.</param>
    /// <param name="dividedByExperts">True to divide by E.</param>
    public static LogitNoise Gaussian(float deviation, bool dividedByExperts = true) => new(deviation, dividedByExperts, epsilon: null);

    /// <summary>A deviation that is learned: <c>σ = softplus(x·W_noise) + ε</c>. Source: Shazeer et al. 2017, arXiv:1701.06538.</summary>
    /// <param name="epsilon">ε; 0 in the paper, 0.01 in its PyTorch ports.</param>
    public static LogitNoise Learned(float epsilon = 0) => new(0, dividedByExperts: false, epsilon);

    /// <summary>σ of constant noise among <paramref name="expertCount"/> experts.</summary>
    /// <param name="expertCount">E.</param>
    public float ConstantDeviation(int expertCount) => _dividedByExperts ? _deviation / expertCount : _deviation;

    /// <summary>σ of learned noise from its logits <c>[T, E]</c>.</summary>
    /// <param name="raw">x·W_noise.</param>
    public Tensor Deviation(Tensor raw) => SoftplusOp.Apply(raw, _epsilon ?? 0);

    /// <summary>Makes the parameters.</summary>
    internal void Initialize(string name, int hiddenSize, int expertCount, Rng? rng)
    {
        if (_epsilon is null)
        {
            return;
        }

        // Zero is the paper's start: balanced, with noise of deviation log 2 to break the symmetry.
        _weight = new Parameter(name + ".noise.weight", rng is null
            ? Tensor.Uninitialized(new TensorShape(expertCount, hiddenSize))
            : Tensor.Zeros(new TensorShape(expertCount, hiddenSize)));
    }

    /// <summary>σ for tokens <c>[T, D]</c>; null where it is constant.</summary>
    internal Tensor? Scale(Tensor x) => _weight is null ? null : Deviation(LinearOp.Apply(x, _weight.Value));

    /// <summary>Noisy logits.</summary>
    internal Tensor Apply(Tensor logits, Tensor? scale, INoise noise)
    {
        Tensor normal = logits.Scope!.New(logits.Shape);
        noise.FillNormal(normal.Span);
        if (scale is null)
        {
            float deviation = ConstantDeviation(logits.Columns);
            foreach (ref float n in normal.Span)
            {
                n *= deviation;
            }

            return AddOp.Apply(logits, normal);
        }

        return AddOp.Apply(logits, MultiplyOp.Apply(scale, normal));
    }
}
