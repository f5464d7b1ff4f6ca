using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Analysis.Planning;

/// <summary>One weight of a model that is not loaded: what it is, how large, and how much of it a token touches.</summary>
/// <param name="Parameter">Its name in our models, as <c>layers.0.experts.down</c>.</param>
/// <param name="Part">The part it is counted to: <c>embedding</c>, <c>attention</c>, <c>router</c>, <c>experts</c>, <c>sharedExperts</c>,
/// <c>feedForward</c>, <c>norms</c> or <c>head</c>.</param>
/// <param name="Shape">A matrix, a stack of one an expert, or a vector.</param>
/// <param name="CanPack">True where it may be stored in blocks; false for what is always float32.</param>
/// <param name="ExpertCount">E for the weights of routed experts; 1 for all others.</param>
/// <param name="TopK">K for the weights of routed experts; 1 for all others.</param>
public sealed record PlannedWeight(string Parameter, string Part, TensorShape Shape, bool CanPack, int ExpertCount, int TopK)
{
    /// <summary>The parts, in the order of a forward pass.</summary>
    public static IReadOnlyList<string> Parts { get; } =
        ["embedding", "attention", "router", "experts", "sharedExperts", "feedForward", "norms", "head"];

    /// <summary>Elements that one token touches; all of them for the embedding, of which it reads one row.</summary>
    public long ActiveLength => Shape.Length / ExpertCount * TopK;

    /// <summary>True for a table of which a token reads one row.</summary>
    public bool IsLookup => Part == "embedding";

    /// <summary>All weights of a model; takes no memory for them.</summary>
    /// <exception cref="ConfigException">The configuration has faults.</exception>
    public static IReadOnlyList<PlannedWeight> ListOf(DecoderConfig config)
    {
        var decoder = new Decoder(config);
        var weights = new List<PlannedWeight>();
        foreach (Parameter parameter in decoder.Parameters)
        {
            weights.Add(Create(parameter.Name, parameter.Shape, parameter.CanPack, config));
        }

        foreach ((string name, Tensor bias) in decoder.ExpertBiases())
        {
            weights.Add(Create(name, bias.Shape, canPack: false, config));
        }

        return weights;
    }

    /// <summary>The part that a parameter of our models is counted to.</summary>
    /// <param name="parameter">Its name; the same for every family.</param>
    /// <param name="isTied">True where the embedding is the head.</param>
    public static string PartOf(string parameter, bool isTied) =>
        parameter.StartsWith("embedding", StringComparison.Ordinal) ? (isTied ? "head" : "embedding")
        : parameter.StartsWith("head", StringComparison.Ordinal) ? "head"
        : parameter.Contains(".attention.", StringComparison.Ordinal) ? "attention"
        : parameter.Contains(".router", StringComparison.Ordinal) || parameter.Contains("shared.sigmoid_projection", StringComparison.Ordinal) ? "router"
        : parameter.Contains(".shared.", StringComparison.Ordinal) ? "sharedExperts"
        : parameter.Contains(".experts.", StringComparison.Ordinal) ? "experts"
        : parameter.Contains(".feed_forward.", StringComparison.Ordinal) ? "feedForward"
        : "norms";

    private static PlannedWeight Create(string name, TensorShape shape, bool canPack, DecoderConfig config)
    {
        string part = PartOf(name, config.IsTied);
        bool isExpert = part == "experts";
        return new PlannedWeight(
            name, part, shape, canPack, isExpert ? config.Experts!.ExpertCount : 1, isExpert ? config.Experts!.TopK : 1);
    }
}
