using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Models.Decoding;

/// <summary>Parts of a decoder that are chosen for one training or experiment, not facts of the model.</summary>
public sealed class DecoderParts
{
    /// <summary>Makes the router of a layer, where it is not one that <see cref="ExpertsConfig"/> can say. Such a model has no published
    /// layout. Null for the configured one.</summary>
    public Func<int, Router>? CreateRouter { get; init; }

    /// <summary>The balance rule of all layers; null for the published convention with the configured coefficient.</summary>
    public Balance? Balance { get; init; }

    /// <summary>How fast expert biases move in training, where the model has them.</summary>
    /// <value>0.001 by default, as in DeepSeek-V3.</value>
    public float ExpertBiasRate { get; init; } = 1e-3f;
}
