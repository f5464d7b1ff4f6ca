namespace MoeSharp.Training;

/// <summary>The optimisers that a configuration can name.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW, decay apart from the gradient.</summary>
    AdamW,

    /// <summary>Adam, decay added to the gradient.</summary>
    Adam,

    /// <summary>AdamW with the largest mean square so far.</summary>
    AmsGrad,

    /// <summary>Gradient descent with momentum β₁.</summary>
    Sgd,

    /// <summary>Gradient descent with Nesterov's momentum β₁.</summary>
    Nesterov,

    /// <summary>Adagrad.</summary>
    Adagrad,

    /// <summary>RMSprop with α = β₂.</summary>
    RmsProp,
}
