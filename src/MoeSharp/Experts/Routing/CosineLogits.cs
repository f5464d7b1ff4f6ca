using MoeSharp.Experts.Ops;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts.Routing;

/// <summary>Router logits by direction alone: <c>h_e = τ·cos(P·x, m_e)</c>, <c>τ = exp(min(t, log 100))</c>.</summary>
/// <remarks>Shapes: <c>x [T, D]</c>, <c>P [d, D]</c>, <c>m [E, d]</c>. Source: Tutel, after X-MoE, arXiv:2204.09179.</remarks>
/// <param name="projectionSize">d.</param>
/// <param name="initialTemperature">1/τ at the start.</param>
public sealed class CosineLogits(int projectionSize = 256, float initialTemperature = 0.5f) : LogitSource
{
    private static readonly float s_limit = MathF.Log(100); // as CLIP: a larger scale makes training unstable

    private Parameter? _projection;
    private Parameter? _centroids;
    private Parameter? _scale;

    /// <summary>P <c>[d, D]</c>.</summary>
    public Parameter Projection => _projection!;

    /// <summary>m <c>[E, d]</c>.</summary>
    public Parameter Centroids => _centroids!;

    /// <summary>t <c>[1]</c>.</summary>
    public Parameter LogScale => _scale!;

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [Projection, Centroids, LogScale];

    /// <inheritdoc/>
    public override void Initialize(string name, int hiddenSize, int expertCount, Rng? rng)
    {
        _projection = new Parameter(name + ".projection.weight", Tensor.Uninitialized(new TensorShape(projectionSize, hiddenSize)));
        _centroids = new Parameter(name + ".centroids", Tensor.Uninitialized(new TensorShape(expertCount, projectionSize)));
        _scale = new Parameter(name + ".log_scale", Tensor.From([MathF.Log(1 / initialTemperature)], new TensorShape(1)));
        rng?.FillNormal(_projection.Value.Span, 0.02f);
        rng?.FillNormal(_centroids.Value.Span, 0.01f);
    }

    /// <inheritdoc/>
    public override Tensor Apply(Tensor x)
    {
        Tensor direction = UnitRowsOp.Apply(x.Scope!, LinearOp.Apply(x, Projection.Value), UnitRowsOp.FloorEpsilon, floor: true);
        Tensor centroids = UnitRowsOp.Apply(x.Scope!, Centroids.Value, UnitRowsOp.FloorEpsilon, floor: true);
        return ScalarScaleOp.Apply(LinearOp.Apply(direction, centroids), LogScale.Value, s_limit);
    }
}
