using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Llama 4 as it is published, with a vision part: of it, the language model is read.</summary>
/// <remarks>Facts stand in <c>text_config</c>, tensors behind <c>language_model.</c>; the vision part is left alone. What is saved is the language
/// model by itself, as <see cref="Llama4TextFamily"/>.</remarks>
public sealed class Llama4Family : Family
{
    private static readonly Llama4TextFamily s_text = new();

    /// <inheritdoc/>
    public override string ModelType => "llama4";

    /// <inheritdoc/>
    public override string Architecture => "Llama4ForConditionalGeneration";

    /// <inheritdoc/>
    public override Family SavedAs => s_text;

    internal override DecoderConfig Read(HfConfig hf)
    {
        hf.Ignore("vision_config", "boi_token_index", "eoi_token_index", "image_token_index", "bos_token_id", "eos_token_id", "pad_token_id");
        HfConfig text = hf.Nested("text_config");
        DecoderConfig config = s_text.Read(text);
        return config with { IsTied = config.IsTied || hf.Flag("tie_word_embeddings", false) };
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        var text = new JsonObject { ["model_type"] = s_text.ModelType };
        s_text.Write(config, text);
        json["text_config"] = text;
    }

    internal override void Bind(DecoderConfig config, WeightMap map, Func<string, bool> isPresent)
    {
        Llama4TextFamily.Bind(config, map, "language_model.");
        map.Ignore("vision_model.");
        map.Ignore("multi_modal_projector.");
    }
}
