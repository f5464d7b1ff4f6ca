namespace MoeSharp.Training.Optimizers;

/// <summary>The constants of Adam and AdamW.</summary>
public sealed record AdamOptions
{
    /// <summary>β₁, memory of the mean.</summary>
    /// <value>0.9; from 0 up to but not 1.</value>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂, memory of the mean square.</summary>
    /// <value>0.95, usual for language models (PyTorch's default is 0.999); from 0 up to but not 1.</value>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>ε, added to the root after its bias correction.</summary>
    /// <value>1e-8; at least 0.</value>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>True to take the root of the largest mean square so far.</summary>
    /// <value>false.</value>
    public bool AmsGrad { get; init; }

    /// <summary>True for AdamW (decay apart from the gradient), false for Adam with L2 (decay added to the gradient).</summary>
    /// <value>true.</value>
    public bool DecoupledDecay { get; init; } = true;
}
