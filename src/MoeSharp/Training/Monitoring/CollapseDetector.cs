namespace MoeSharp.Training.Monitoring;

/// <summary>Says that a layer collapses while it happens: few experts take the tokens, the others get none and learn nothing.</summary>
/// <remarks>
/// <para>Adds up the loads of <see cref="CollapseThresholds.WindowStepCount"/> steps, judges them by the thresholds, and begins the
/// next window. A layer is reported once when it collapses and once when it is well again.</para>
/// <para>Not safe for concurrent use.</para>
/// </remarks>
public sealed class CollapseDetector
{
    /// <summary>What usually helps, in the order to try it.</summary>
    public const string Cures =
        "Usual cures: a larger balance coefficient (0.01), an expert bias that follows the load, jitter or noise in the router, "
        + "a smaller learning rate or a longer warm-up, a router z-loss (0.001).";

    private const double Recovery = 0.75;

    private readonly IReadOnlyList<ExpertLayer> _layers;
    private readonly CollapseThresholds _thresholds;
    private readonly long[][] _loads;
    private readonly bool[] _collapsed;
    private int _steps;

    /// <summary>Prepares the windows.</summary>
    /// <param name="layers">The layers that route.</param>
    /// <param name="thresholds">When a layer counts as collapsed; null for the defaults.</param>
    public CollapseDetector(IReadOnlyList<ExpertLayer> layers, CollapseThresholds? thresholds = null)
    {
        _layers = layers;
        _thresholds = thresholds ?? new CollapseThresholds();
        _loads = [.. layers.Select(layer => new long[layer.ExpertCount])];
        _collapsed = new bool[layers.Count];
    }

    /// <summary>True while any layer is collapsed, by the last full window.</summary>
    public bool IsCollapsed => Array.IndexOf(_collapsed, true) >= 0;

    /// <summary>Takes the loads of one step.</summary>
    /// <param name="step">Number of the step, for the messages.</param>
    /// <param name="meter">What was counted in it.</param>
    /// <returns>What changed with this step; empty almost always.</returns>
    public IReadOnlyList<CollapseNotice> Add(long step, BalanceMeter meter)
    {
        for (int i = 0; i < _loads.Length; i++)
        {
            ReadOnlySpan<long> load = meter.Load(i);
            for (int expert = 0; expert < load.Length; expert++)
            {
                _loads[i][expert] += load[expert];
            }
        }

        if (++_steps < _thresholds.WindowStepCount)
        {
            return [];
        }

        _steps = 0;
        List<CollapseNotice>? notices = null;
        for (int i = 0; i < _loads.Length; i++)
        {
            if (Judge(step, i) is { } notice)
            {
                (notices ??= []).Add(notice);
            }

            Array.Clear(_loads[i]);
        }

        return notices ?? (IReadOnlyList<CollapseNotice>)[];
    }

    private CollapseNotice? Judge(long step, int index)
    {
        ExpertLayer layer = _layers[index];
        LayerBalance window = LayerBalance.From(layer.Layer, _loads[index], dropped: 0, topSum: 0, topCount: 0);
        double dead = window.DeadExperts / (double)layer.ExpertCount;
        double missing = 1 - window.LoadEntropy, limit = 1 - _thresholds.LoadEntropy;
        double worst = (layer.ExpertCount / (double)layer.TopK) - 1;
        double vio = worst > 0 ? window.MaxVio / worst : 0;

        bool ill = dead >= _thresholds.DeadShare || missing > limit || vio > _thresholds.MaxVioShare;
        bool well = dead < Recovery * _thresholds.DeadShare && missing <= Recovery * limit
            && vio <= Recovery * _thresholds.MaxVioShare;
        if (ill == _collapsed[index] || (!ill && !well))
        {
            return null;
        }

        _collapsed[index] = ill;
        string facts = $"{window.DeadExperts} of {layer.ExpertCount} experts without a token, load entropy {window.LoadEntropy:F2}, "
            + $"MaxVio {window.MaxVio:F1} (at most {worst:F1}) over {_thresholds.WindowStepCount} steps";
        string message = ill
            ? $"step {step}: the experts of layer {layer.Layer} are collapsing: {facts}. {Cures}"
            : $"step {step}: the experts of layer {layer.Layer} are balanced again: {facts}.";
        return new CollapseNotice(step, window, ill, message);
    }
}
