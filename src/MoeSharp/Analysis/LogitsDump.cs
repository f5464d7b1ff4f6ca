using System.Globalization;
using MoeSharp.Experts.Routing;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis;

/// <summary>Everything a model answers for some tokens, for checking it against another program.</summary>
/// <remarks>
/// <para>Runs the session that generation runs, cache included. Tensors: <c>logits</c> F32 [T, V]; <c>hidden.0…L</c> F32 [T, D] (0
/// after the embedding and its multiplier, L after the final norm); <c>routing.&lt;layer&gt;.ids</c> I32 and <c>.weights</c> F32
/// [T, K] for layers with experts, rows with fewer choices padded with −1 and 0.</para>
/// </remarks>
public sealed class LogitsDump : IInferenceObserver
{
    private readonly RoutingRecorder _routing = new();
    private readonly List<float>[] _hidden;
    private readonly List<float> _logits = [];
    private readonly DecoderConfig _config;
    private readonly int _tokenCount;

    private LogitsDump(DecoderConfig config, int tokenCount)
    {
        _config = config;
        _tokenCount = tokenCount;
        _hidden = [.. Enumerable.Range(0, config.LayerCount + 1).Select(_ => new List<float>())];
    }

    /// <summary>Logits <c>[T·V]</c>.</summary>
    public IReadOnlyList<float> Logits => _logits;

    /// <summary>Hidden states, L + 1 of them, each <c>[T·D]</c>.</summary>
    public IReadOnlyList<IReadOnlyList<float>> Hidden => _hidden;

    /// <summary>Routing of the layers with experts.</summary>
    public IReadOnlyList<LayerRouting> Routing => _routing.Layers;

    /// <summary>Runs a model.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="ids">Token ids; at least one.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="cacheType">How keys and values are kept.</param>
    /// <param name="chunk">The most tokens that are run at once; results do not depend on it.</param>
    /// <exception cref="ArgumentException">There are no tokens, one is not in the vocabulary, or they are too many.</exception>
    public static LogitsDump Run(
        Decoder decoder, ReadOnlySpan<int> ids, Workers? workers = null, DType cacheType = DType.F32, int chunk = 512)
    {
        var dump = new LogitsDump(decoder.Config, ids.Length);
        using var session = new Session(decoder, workers, cacheType, ids.Length, dump);
        session.Read(ids, chunk);
        return dump;
    }

    /// <summary>Writes the tensors as one safetensors file.</summary>
    public void Save(string path)
    {
        IReadOnlyList<LayerRouting> layers = Routing;
        var entries = new List<SafetensorsEntry> { new("logits", StoredType.F32, [_tokenCount, _config.VocabularySize]) };
        entries.AddRange(_hidden.Select((_, index) =>
            new SafetensorsEntry(NameOfHidden(index), StoredType.F32, [_tokenCount, _config.HiddenSize])));
        foreach (LayerRouting layer in layers)
        {
            entries.Add(new SafetensorsEntry(NameOf(layer, "ids"), StoredType.I32, [_tokenCount, layer.TopK]));
            entries.Add(new SafetensorsEntry(NameOf(layer, "weights"), StoredType.F32, [_tokenCount, layer.TopK]));
        }

        using var writer = new SafetensorsWriter(path, entries);
        writer.Write("logits", [.. _logits]);
        for (int index = 0; index < _hidden.Length; index++)
        {
            float[] values = [.. _hidden[index]];
            writer.Write(NameOfHidden(index), values);
        }

        foreach (LayerRouting layer in layers)
        {
            int[] ids = [.. layer.Ids];
            float[] weights = [.. layer.Weights];
            writer.Write(NameOf(layer, "ids"), ids);
            writer.Write(NameOf(layer, "weights"), weights);
        }

        writer.Commit();
    }

    /// <inheritdoc/>
    public void Observe(int index, Tensor hidden) => _hidden[index].AddRange(hidden.Span);

    /// <inheritdoc/>
    public void Observe(int layer, in RoutingDecision decision) => _routing.Observe(layer, decision);

    /// <inheritdoc/>
    public void ObserveLogits(Tensor logits) => _logits.AddRange(logits.Span);

    private static string NameOfHidden(int index) => string.Create(CultureInfo.InvariantCulture, $"hidden.{index}");

    private static string NameOf(LayerRouting layer, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"routing.{layer.Layer}.{what}");
}
