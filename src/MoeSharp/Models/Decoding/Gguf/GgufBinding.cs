using MoeSharp.Layers;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>Binds the tensors of a GGUF file to our parameters; one for one map.</summary>
/// <param name="config">The model.</param>
/// <param name="map">Where to add.</param>
/// <param name="shapeOf">Shape of a tensor of the file; null when it is not there, or no file is at hand.</param>
/// <param name="isWritten">True when there is no file: the names are those that are written.</param>
internal sealed class GgufBinding(DecoderConfig config, WeightMap map, Func<string, IReadOnlyList<long>?> shapeOf, bool isWritten)
{
    /// <summary>The model.</summary>
    public DecoderConfig Config { get; } = config;

    /// <summary>The list.</summary>
    public WeightMap Map { get; } = map;

    /// <summary>Prefix of block <paramref name="layer"/>.</summary>
    public static string Block(int layer) => $"blk.{layer}.";

    /// <summary>True when the file has a tensor.</summary>
    public bool Has(string tensor) => shapeOf(tensor) is not null;

    /// <summary>A tensor that is one of our parameters as it is; sizes of one before or after it are accepted.</summary>
    public void Add(string tensor, string parameter, params ReadOnlySpan<long> shape)
    {
        IReadOnlyList<long> stored = shapeOf(tensor) ?? [];
        long[] wanted = shape.ToArray();
        bool isSame = stored.Count > 0 && stored.Where(size => size != 1).SequenceEqual(wanted.Where(size => size != 1));
        Map.Add(tensor, parameter, isSame ? TensorShape.From([.. stored]) : TensorShape.From(wanted));
    }

    /// <summary>A norm, with its bias where the model has one.</summary>
    public void Norm(string tensor, string parameter)
    {
        Add(tensor + ".weight", parameter + ".weight", Config.HiddenSize);
        if (Config.Norm == NormKind.LayerWithBias)
        {
            Add(tensor + ".bias", parameter + ".bias", Config.HiddenSize);
        }
    }

    /// <summary>A linear layer.</summary>
    public void Linear(string tensor, string parameter, long rows, long columns, bool hasBias = false)
    {
        Add(tensor + ".weight", parameter + ".weight", rows, columns);
        if (hasBias)
        {
            Add(tensor + ".bias", parameter + ".bias", rows);
        }
    }

    /// <summary>Queries or keys whose rows stand interleaved in the file, while ours are the halves of each head: row 2i + j of a head there is row
    /// <c>j·d/2 + i</c> here.</summary>
    public void Permuted(string tensor, string parameter, int heads, long columns, bool hasBias)
    {
        if (!Fits(tensor + ".weight", (long)heads * Config.HeadSize))
        {
            Linear(tensor, parameter, (long)heads * Config.HeadSize, columns, hasBias); // told as missing or of another shape
            return;
        }

        Map.Add(tensor + ".weight", new TensorShape((long)heads * Config.HeadSize, columns), Halves(parameter + ".weight", heads, columns));
        if (hasBias)
        {
            Map.Add(tensor + ".bias", new TensorShape((long)heads * Config.HeadSize), Halves(parameter + ".bias", heads, 1));
        }
    }

    /// <summary>Queries, keys and values in one matrix, one after another.</summary>
    public void FusedAttention(string tensor, string parameter, long queries, long keys, bool hasBias)
    {
        Fused(tensor + ".weight", ".weight", Config.HiddenSize, new TensorShape(queries + (2 * keys), Config.HiddenSize));
        if (hasBias)
        {
            Fused(tensor + ".bias", ".bias", 1, new TensorShape(queries + (2 * keys)));
        }

        void Fused(string name, string suffix, long columns, TensorShape shape) => Map.Add(name, shape,
        [
            new WeightSegment(parameter + "query" + suffix, 0, 0, queries * columns),
            new WeightSegment(parameter + "key" + suffix, 0, queries * columns, keys * columns),
            new WeightSegment(parameter + "value" + suffix, 0, (queries + keys) * columns, keys * columns),
        ]);
    }

    /// <summary>A gated feed-forward network under <c>ffn_gate</c>, <c>ffn_up</c>, <c>ffn_down</c> with a suffix.</summary>
    public void FeedForward(string block, string suffix, string parameter, long width, bool hasBias)
    {
        Linear($"{block}ffn_gate{suffix}", parameter + ".gate_projection", width, Config.HiddenSize, hasBias);
        Linear($"{block}ffn_up{suffix}", parameter + ".up_projection", width, Config.HiddenSize, hasBias);
        Linear($"{block}ffn_down{suffix}", parameter + ".down_projection", Config.HiddenSize, width, hasBias);
    }

    /// <summary>Routed experts: one stack a projection; also gate and up in one stack, and one matrix an expert, as older files have them.</summary>
    public void Experts(string block, string parameter)
    {
        ExpertsConfig facts = Config.Experts!;
        long hidden = Config.HiddenSize, width = facts.IntermediateSize;
        if (Has(block + "ffn_gate.0.weight") && Has($"{block}ffn_gate.{facts.ExpertCount - 1}.weight"))
        {
            for (int e = 0; e < facts.ExpertCount; e++)
            {
                Map.AddSlice($"{block}ffn_gate.{e}.weight", parameter + "gate_projection", e, new TensorShape(width, hidden));
                Map.AddSlice($"{block}ffn_up.{e}.weight", parameter + "up_projection", e, new TensorShape(width, hidden));
                Map.AddSlice($"{block}ffn_down.{e}.weight", parameter + "down_projection", e, new TensorShape(hidden, width));
            }

            return;
        }

        if (Has(block + "ffn_gate_up_exps.weight") && Fits(block + "ffn_gate_up_exps.weight", facts.ExpertCount))
        {
            FusedExperts(block + "ffn_gate_up_exps.weight", parameter, facts.ExpertCount, width * hidden);
        }
        else
        {
            Add(block + "ffn_gate_exps.weight", parameter + "gate_projection", facts.ExpertCount, width, hidden);
            Add(block + "ffn_up_exps.weight", parameter + "up_projection", facts.ExpertCount, width, hidden);
        }

        Add(block + "ffn_down_exps.weight", parameter + "down_projection", facts.ExpertCount, hidden, width);
    }

    /// <summary>True where a tensor has as many rows as the numbers say; those of a damaged file would fill memory with segments.</summary>
    public bool Fits(string tensor, long rows) => isWritten || (shapeOf(tensor) is { Count: > 0 } shape && shape[0] == rows);

    private void FusedExperts(string tensor, string parameter, int experts, long length)
    {
        var segments = new List<WeightSegment>();
        for (int e = 0; e < experts; e++)
        {
            segments.Add(new WeightSegment(parameter + "gate_projection", e * length, 2 * e * length, length));
            segments.Add(new WeightSegment(parameter + "up_projection", e * length, ((2 * e) + 1) * length, length));
        }

        Map.Add(tensor, new TensorShape(experts, 2L * Config.Experts!.IntermediateSize, Config.HiddenSize), segments);
    }

    private List<WeightSegment> Halves(string parameter, int heads, long columns)
    {
        int half = Config.HeadSize / 2;
        var segments = new List<WeightSegment>();
        for (int head = 0; head < heads; head++)
        {
            long start = (long)head * Config.HeadSize * columns;
            for (int j = 0; j < 2; j++)
            {
                segments.Add(WeightSegment.Block(parameter, start + (j * half * columns), half, columns, start + (j * columns), rowStride: 2 * columns));
            }
        }

        return segments;
    }
}
