using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts.Ops;

/// <summary>How likely an expert is to be among the top k of a token when its noise is drawn anew: a smooth count of its load.</summary>
/// <remarks>
/// <para>Shapes: <c>clean, noisy, source [T, E]</c>, <c>σ [T, E]</c> or a constant → <c>P [T, E]</c>.</para>
/// <para>Formula: <c>P = Φ((clean − threshold) / σ)</c>. The threshold is the k-th largest of <c>source</c>, or, excluding the expert itself,
/// the (k + 1)-th for an expert whose <c>noisy</c> value is above it.</para>
/// <para>Derivative: with <c>φ</c> the normal density and z the argument, <c>dclean = φ/σ</c>, <c>dσ = −φ·z/σ</c>, and <c>−φ/σ</c> to the
/// element of <c>source</c> that is the threshold. Computed in double.</para>
/// </remarks>
internal sealed class LoadProbabilityOp : Operation
{
    private readonly Tensor _clean;
    private readonly Tensor _noisy;
    private readonly Tensor _source;
    private readonly Tensor? _scale;
    private readonly float _constant;
    private readonly int _topK;
    private readonly bool _excludesSelf;

    private LoadProbabilityOp(
        Tensor clean, Tensor noisy, Tensor source, Tensor? scale, float constant, int topK, bool excludesSelf, Tensor output)
        : base(output)
    {
        _clean = clean;
        _noisy = noisy;
        _source = source;
        _scale = scale;
        _constant = constant;
        _topK = topK;
        _excludesSelf = excludesSelf;
    }

    /// <summary>Computes the probabilities.</summary>
    public static Tensor Apply(
        Tensor clean, Tensor noisy, Tensor source, Tensor? scale, float constant, int topK, bool excludesSelf)
    {
        TensorScope scope = ScopeOf("load probability", clean);
        Tensor output = scope.New(clean.Shape);
        Span<int> top = stackalloc int[topK + (excludesSelf ? 1 : 0)];
        for (int t = 0; t < clean.Rows; t++)
        {
            Routing.TopKSelect.Row(source.Row(t), top);
            for (int e = 0; e < clean.Columns; e++)
            {
                int threshold = Threshold(source.Row(t), noisy.Row(t)[e], top, excludesSelf);
                double sigma = scale is null ? constant : scale.Row(t)[e];
                output.Row(t)[e] = (float)Normal.Cumulative((clean.Row(t)[e] - (double)source.Row(t)[threshold]) / sigma);
            }
        }

        return Records(scope, clean, source, scale)
            ? Record(scope, new LoadProbabilityOp(clean, noisy, source, scale, constant, topK, excludesSelf, output))
            : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor? dClean = Gradient(_clean), dSource = Gradient(_source), dScale = _scale is null ? null : Gradient(_scale);
        Span<int> top = stackalloc int[_topK + (_excludesSelf ? 1 : 0)];
        for (int t = 0; t < _clean.Rows; t++)
        {
            Routing.TopKSelect.Row(_source.Row(t), top);
            for (int e = 0; e < _clean.Columns; e++)
            {
                int threshold = Threshold(_source.Row(t), _noisy.Row(t)[e], top, _excludesSelf);
                double sigma = _scale is null ? _constant : _scale.Row(t)[e];
                double z = (_clean.Row(t)[e] - (double)_source.Row(t)[threshold]) / sigma;
                double slope = OutputGradient.Row(t)[e] * Normal.Density(z) / sigma;
                Add(dClean, t, e, slope);
                Add(dSource, t, threshold, -slope);
                Add(dScale, t, e, -slope * z);
            }
        }
    }

    private static int Threshold(ReadOnlySpan<float> source, float noisy, ReadOnlySpan<int> top, bool excludesSelf)
    {
        int last = top[^1];
        return !excludesSelf || noisy > source[last] ? last : top[^2];
    }

    /// <summary>The gradient, ready to be added to; null where none is wanted.</summary>
    private static Tensor? Gradient(Tensor input)
    {
        if (!input.NeedsGradient)
        {
            return null;
        }

        Tensor gradient = input.GradientFor(out bool accumulate);
        if (!accumulate)
        {
            gradient.Fill(0);
        }

        return gradient;
    }

    private static void Add(Tensor? gradient, int row, int column, double value)
    {
        if (gradient is not null)
        {
            gradient.Row(row)[column] += (float)value;
        }
    }
}
