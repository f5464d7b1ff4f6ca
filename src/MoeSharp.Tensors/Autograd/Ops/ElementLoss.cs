namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>A loss of one number x against one target t.</summary>
public enum ElementLoss
{
    /// <summary>(x − t)².</summary>
    Squared,

    /// <summary>|x − t|.</summary>
    Absolute,

    /// <summary>½(x − t)² below the parameter δ, then δ·(|x − t| − δ/2).</summary>
    Huber,

    /// <summary>½(x − t)²/β below the parameter β, then |x − t| − β/2.</summary>
    SmoothAbsolute,

    /// <summary>Of a logit: −p·t·log σ(x) − (1 − t)·log(1 − σ(x)), the parameter p weighs positives.</summary>
    BinaryCrossEntropy,
}
