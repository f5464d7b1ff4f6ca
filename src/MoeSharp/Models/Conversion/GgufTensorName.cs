using System.Globalization;

namespace MoeSharp.Models.Conversion;

/// <summary>The name of a tensor in a GGUF file, taken apart: <c>blk.3.ffn_down_exps.weight</c>.</summary>
/// <param name="Name">The whole name.</param>
/// <param name="Layer">The block; null for tensors outside.</param>
/// <param name="Role">What it is for.</param>
/// <param name="IsExperts">True for stacks of routed experts, and for a single one of them.</param>
/// <param name="IsShared">True for the expert that every token visits.</param>
public sealed record GgufTensorName(string Name, int? Layer, TensorRole Role, bool IsExperts, bool IsShared)
{
    private const string BlockPrefix = "blk.";
    private const string WeightSuffix = ".weight";
    private const string ExpertsSuffix = "_exps";
    private const string SharedSuffix = "_shexp";

    private static readonly Dictionary<string, TensorRole> s_roles = new(StringComparer.Ordinal)
    {
        ["token_embd"] = TensorRole.Embedding,
        ["output"] = TensorRole.Head,
        ["attn_q"] = TensorRole.Query,
        ["attn_k"] = TensorRole.Key,
        ["attn_v"] = TensorRole.Value,
        ["attn_qkv"] = TensorRole.QueryKeyValue,
        ["attn_output"] = TensorRole.AttentionOutput,
        ["ffn_gate"] = TensorRole.GateProjection,
        ["ffn_up"] = TensorRole.UpProjection,
        ["ffn_down"] = TensorRole.DownProjection,
    };

    /// <summary>The part of the model, as <c>moe inspect</c> calls it.</summary>
    public string Part => Role switch
    {
        TensorRole.Embedding => "embedding",
        TensorRole.Head => "head",
        TensorRole.Query or TensorRole.Key or TensorRole.Value or TensorRole.QueryKeyValue or TensorRole.AttentionOutput
            or TensorRole.Attention => "attention",
        TensorRole.Router => "router",
        TensorRole.GateProjection or TensorRole.UpProjection or TensorRole.DownProjection =>
            IsShared ? "sharedExperts" : IsExperts ? "experts" : "feedForward",
        TensorRole.Vector => "norms",
        _ => "other",
    };

    /// <summary>Takes a name apart.</summary>
    public static GgufTensorName Parse(string name)
    {
        int? layer = null;
        string rest = name;
        if (name.StartsWith(BlockPrefix, StringComparison.Ordinal) && name.IndexOf('.', BlockPrefix.Length) is > 0 and var dot
            && int.TryParse(name.AsSpan(BlockPrefix.Length, dot - BlockPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            layer = number;
            rest = name[(dot + 1)..];
        }

        if (!rest.EndsWith(WeightSuffix, StringComparison.Ordinal) || rest.Contains("_norm.", StringComparison.Ordinal)
            || rest.Contains("sinks", StringComparison.Ordinal) || rest.StartsWith("rope_", StringComparison.Ordinal)
            || rest.StartsWith("exp_probs_b", StringComparison.Ordinal))
        {
            return new GgufTensorName(name, layer, TensorRole.Vector, false, false);
        }

        string part = rest[..^WeightSuffix.Length];
        if (part.StartsWith("ffn_gate_inp", StringComparison.Ordinal))
        {
            return new GgufTensorName(name, layer, TensorRole.Router, false, false);
        }

        bool isExperts = part.EndsWith(ExpertsSuffix, StringComparison.Ordinal), isShared = part.EndsWith(SharedSuffix, StringComparison.Ordinal);
        string stem = isExperts ? part[..^ExpertsSuffix.Length] : isShared ? part[..^SharedSuffix.Length] : part;
        if (TryCutExpert(stem, out string single))
        {
            (stem, isExperts) = (single, true);
        }

        TensorRole role = s_roles.GetValueOrDefault(
            stem, stem.StartsWith("attn_", StringComparison.Ordinal) ? TensorRole.Attention : TensorRole.Other);
        return new GgufTensorName(name, layer, role, isExperts, isShared);
    }

    /// <summary>The name of one expert's matrix, in the old naming that has one tensor an expert: <c>blk.3.ffn_down.7.weight</c>.</summary>
    /// <param name="expert">The expert.</param>
    /// <exception cref="InvalidOperationException">This is no stack of experts.</exception>
    public string OfExpert(int expert) => IsExperts && Name.EndsWith(ExpertsSuffix + WeightSuffix, StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"{Name[..^(ExpertsSuffix.Length + WeightSuffix.Length)]}.{expert}{WeightSuffix}")
        : throw new InvalidOperationException($"tensor '{Name}': is no stack of experts.");

    // ffn_down.7 → ffn_down
    private static bool TryCutExpert(string stem, out string cut)
    {
        int dot = stem.LastIndexOf('.');
        bool isSingle = dot > 0 && stem.StartsWith("ffn_", StringComparison.Ordinal) && dot < stem.Length - 1
            && !stem.AsSpan(dot + 1).ContainsAnyExceptInRange('0', '9');
        cut = isSingle ? stem[..dot] : stem;
        return isSingle;
    }
}
