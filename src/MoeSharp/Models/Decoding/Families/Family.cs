using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>A published family of decoders: how its <c>config.json</c> says our facts, and what it calls our parameters.</summary>
/// <remarks>A family adds no mathematics. Everything it can say is a <see cref="DecoderConfig"/>.</remarks>
public abstract class Family
{
    /// <summary>The <c>model_type</c> of its <c>config.json</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>The class that its checkpoints name under <c>architectures</c>.</summary>
    public abstract string Architecture { get; }

    /// <summary>The family in whose layout a model of this one is saved: itself, unless it is a part of something larger.</summary>
    public virtual Family SavedAs => this;

    /// <summary>The <c>quantization_config</c> under which the experts are published as MXFP4 blocks and scales; null for a family whose are
    /// not.</summary>
    internal virtual JsonObject? PairQuantization => null;

    /// <summary>The published tensors of a model, bound to our parameters.</summary>
    /// <param name="config">The model.</param>
    /// <param name="isPresent">Tells whether a checkpoint has a tensor, where experts may be stored in two ways (one matrix an expert, or
    /// fused); null for the way that this family publishes.</param>
    public WeightMap Map(DecoderConfig config, Func<string, bool>? isPresent = null)
    {
        var map = new WeightMap();
        Bind(config, map, isPresent ?? (_ => false));
        return map;
    }

    /// <summary>Reads the facts.</summary>
    internal abstract DecoderConfig Read(HfConfig hf);

    /// <summary>Writes what this family can say of a configuration; the catalogue checks that it was everything.</summary>
    internal abstract void Write(DecoderConfig config, JsonObject json);

    /// <summary>Lists the published tensors.</summary>
    internal abstract void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent);
}
