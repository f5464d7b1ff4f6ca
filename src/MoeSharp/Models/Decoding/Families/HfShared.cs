using System.Text.Json.Nodes;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>The keys of a <c>config.json</c> that all decoder families of the Llama kind have in common.</summary>
internal static class HfShared
{
    /// <summary>Reads what is common; families add the rest with <c>with</c>.</summary>
    /// <param name="hf">The file.</param>
    /// <param name="epsilon">The family's default of <c>rms_norm_eps</c>.</param>
    /// <param name="theta">The family's default of <c>rope_theta</c>.</param>
    /// <param name="positions">The family's default of <c>max_position_embeddings</c>.</param>
    /// <param name="keyValueHeads">The family's default of <c>num_key_value_heads</c> where the key is not there at all; null for as many
    /// as heads, which is also what a null in the file says.</param>
    public static DecoderConfig Read(HfConfig hf, double epsilon, double theta, int positions, int? keyValueHeads = null)
    {
        int hidden = hf.Int("hidden_size");
        int heads = hf.Int("num_attention_heads");
        NumberList begin = hf.Numbers("bos_token_id");
        return new DecoderConfig
        {
            VocabularySize = hf.Int("vocab_size"),
            HiddenSize = hidden,
            LayerCount = hf.LayerCount("num_hidden_layers"),
            HeadCount = heads,
            KeyValueHeadCount = hf.Int("num_key_value_heads", hf.IsAbsent("num_key_value_heads") ? keyValueHeads ?? heads : heads),
            HeadSize = hf.Int("head_dim", heads > 0 ? hidden / heads : 0),
            PositionCount = hf.Int("max_position_embeddings", positions),
            NormEpsilon = (float)hf.Number("rms_norm_eps", epsilon),
            Rotary = hf.Rotary(theta),
            Activation = hf.Activation(),
            IsTied = hf.Flag("tie_word_embeddings", false),
            InitializerRange = (float)hf.Number("initializer_range", 0.02),
            BeginToken = begin.Count > 0 ? begin[0] : null,
            EndTokens = hf.Numbers("eos_token_id"),
            PaddingToken = hf.OptionalInt("pad_token_id"),
        };
    }

    /// <summary>Writes what is common.</summary>
    public static void Write(DecoderConfig config, JsonObject json)
    {
        json["vocab_size"] = config.VocabularySize;
        json["hidden_size"] = config.HiddenSize;
        json["num_hidden_layers"] = config.LayerCount;
        json["num_attention_heads"] = config.HeadCount;
        json["num_key_value_heads"] = config.KeyValueHeadCount;
        json["head_dim"] = config.HeadSize;
        json["max_position_embeddings"] = config.PositionCount;
        json["rms_norm_eps"] = config.NormEpsilon;
        HfRotary.Write(config.Rotary, json);
        json["hidden_act"] = HfNames.Of(config.Activation);
        json["tie_word_embeddings"] = config.IsTied;
        json["initializer_range"] = config.InitializerRange;
        json["bos_token_id"] = config.BeginToken;
        json["eos_token_id"] = config.EndTokens.Count switch
        {
            0 => null,
            1 => config.EndTokens[0],
            _ => Array(config.EndTokens),
        };
        json["pad_token_id"] = config.PaddingToken;
        json["attention_dropout"] = 0.0;
        json["use_cache"] = true;
    }

    /// <summary>A JSON list of numbers.</summary>
    public static JsonArray Array(NumberList numbers)
    {
        var array = new JsonArray();
        foreach (int number in numbers)
        {
            array.Add((JsonNode?)JsonValue.Create(number));
        }

        return array;
    }

    /// <summary>The layers that Qwen calls sparse or not: <c>mlp_only_layers</c> and <c>decoder_sparse_step</c>.</summary>
    public static NumberList ReadDenseLayers(HfConfig hf, int layerCount)
    {
        NumberList named = hf.Numbers("mlp_only_layers");
        int step = Math.Max(1, hf.Int("decoder_sparse_step", 1));
        return NumberList.Create([.. Enumerable.Range(0, Math.Max(0, layerCount))
            .Where(layer => named.Contains(layer) || (layer + 1) % step != 0)]);
    }

    /// <summary>The sliding window, and by <c>layer_types</c> or the family's rule the layers without it.</summary>
    /// <param name="hf">The file.</param>
    /// <param name="config">What was read so far.</param>
    /// <param name="window">The window that the file names; null or 0 for none.</param>
    /// <param name="isFull">The family's rule for layers that see everything.</param>
    public static DecoderConfig WithWindow(HfConfig hf, DecoderConfig config, int? window, Func<int, bool> isFull)
    {
        int layerCount = Math.Max(0, config.LayerCount);
        IReadOnlyList<string>? types = hf.Texts("layer_types");
        if (types is not null
            && (types.Count != layerCount || types.Any(type => type is not ("full_attention" or "sliding_attention"))))
        {
            hf.Fault($"layer_types must have {layerCount} entries, each \"full_attention\" or \"sliding_attention\".");
            return config;
        }

        bool hasWindow = window is > 0;
        if (!hasWindow && types is not null && types.Contains("sliding_attention"))
        {
            hf.Fault("layer_types has \"sliding_attention\", but no sliding_window is given or it is switched off.");
        }

        int[] full = [.. Enumerable.Range(0, layerCount)
            .Where(layer => types is null ? isFull(layer) : types[layer] == "full_attention")];
        return hasWindow && full.Length < layerCount
            ? config with { SlidingWindow = window, FullAttentionLayers = NumberList.Create(full) }
            : config;
    }

    /// <summary>Writes window and layer types as Qwen does.</summary>
    public static void WriteWindow(DecoderConfig config, JsonObject json)
    {
        json["use_sliding_window"] = config.SlidingWindow is not null;
        json["sliding_window"] = config.SlidingWindow;
        if (config.SlidingWindow is not null)
        {
            var types = new JsonArray();
            for (int layer = 0; layer < config.LayerCount; layer++)
            {
                types.Add((JsonNode?)JsonValue.Create(config.WindowOf(layer) is null ? "full_attention" : "sliding_attention"));
            }

            json["layer_types"] = types;
        }
    }
}
