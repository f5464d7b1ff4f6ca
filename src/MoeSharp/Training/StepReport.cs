using MoeSharp.Training.Monitoring;

namespace MoeSharp.Training;

/// <summary>What happened in one optimiser step. The object is reused: copy what must outlive the callback.</summary>
public sealed class StepReport
{
    internal StepReport(BalanceMeter balance) => Balance = balance;

    /// <summary>Steps done, this one included: 1 for the first.</summary>
    public long Step { get; internal set; }

    /// <summary>Steps the run will have.</summary>
    public long StepCount { get; internal set; }

    /// <summary>Tokens of this step, all micro-batches together.</summary>
    public long TokenCount { get; internal set; }

    /// <summary>Tokens since the beginning of the run, this step included.</summary>
    public long TokensSeen { get; internal set; }

    /// <summary>η of this step.</summary>
    public double LearningRate { get; internal set; }

    /// <summary>Mean cross-entropy over the counted tokens of the step, nats.</summary>
    public double CrossEntropy { get; internal set; }

    /// <summary>Balance and router losses with their coefficients, mean over the micro-batches; 0 where there are none.</summary>
    public double AuxiliaryLoss { get; internal set; }

    /// <summary>The load-balancing value, 1 when balanced, mean over the micro-batches; NaN where there is none.</summary>
    public double BalanceValue { get; internal set; }

    /// <summary>Norm of all gradients before clipping.</summary>
    public double GradientNorm { get; internal set; }

    /// <summary>Factor that clipping applied: 1 when nothing was clipped.</summary>
    public double ClipFactor { get; internal set; }

    /// <summary>Wall time of the step.</summary>
    public TimeSpan Duration { get; internal set; }

    /// <summary>Steps per second over the last steps, smoothed; for the time left.</summary>
    public double TokensPerSecond { get; internal set; }

    /// <summary>Balance of every layer with experts, over the whole step.</summary>
    public IReadOnlyList<LayerBalance> Layers { get; internal set; } = [];

    /// <summary>The counts behind <see cref="Layers"/>.</summary>
    public BalanceMeter Balance { get; }

    /// <summary>Time that the remaining steps will take at the present speed.</summary>
    public TimeSpan TimeLeft => TokensPerSecond > 0
        ? TimeSpan.FromSeconds((StepCount - Step) * (double)TokenCount / TokensPerSecond)
        : TimeSpan.Zero;
}
