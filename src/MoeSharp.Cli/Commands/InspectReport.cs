using System.Text.Json;
using MoeSharp.Analysis.Planning;
using MoeSharp.Formats;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Cli.Commands;

/// <summary>What <c>moe inspect</c> and <c>moe plan</c> say of a checkpoint.</summary>
internal static class InspectReport
{
    /// <summary>The facts of a folder or file, or of the built-in model; loads no weight of a folder.</summary>
    public static CheckpointFacts Read(string? path)
    {
        using StoredModel model = path is null ? StoredModel.OpenTiny() : ConvertCommand.OpenSource(path);
        return CheckpointFacts.Of(model);
    }

    /// <summary>Parameters by every convention, as a JSON object.</summary>
    public static void WriteParameters(Utf8JsonWriter json, CheckpointFacts facts)
    {
        json.WriteStartObject("parameters");
        json.WriteNumber("total", facts.Count.Total);
        json.WriteNumber("active", facts.Count.Active);
        json.WriteNumber("activeWithEmbedding", facts.Active.WithEmbedding);
        json.WriteNumber("activeWithoutEmbedding", facts.Active.WithoutEmbedding);
        json.WriteNumber("activeWithoutHead", facts.Active.WithoutEmbeddingAndHead);
        json.WriteNumber("embedding", facts.Count.Embedding);
        json.WriteEndObject();
    }

    /// <summary>Parameters by every convention, in words.</summary>
    public static void WriteParameters(Terminal terminal, CheckpointFacts facts) => terminal.Out.WriteLine(
        $"parameters: {facts.Count.Total:N0} total; a token touches {facts.Active.WithEmbedding:N0} with the input embedding, "
        + $"{facts.Active.WithoutEmbedding:N0} without it, {facts.Active.WithoutEmbeddingAndHead:N0} without the head too "
        + $"({facts.Count.Active:N0} in matrices, head included)");

    /// <summary>The JSON form of <c>moe inspect</c>.</summary>
    public static void WriteJson(Utf8JsonWriter json, CheckpointFacts facts)
    {
        DecoderConfig config = facts.Config;
        json.WriteStartObject();
        json.WriteString("model", facts.Name);
        json.WriteString("family", facts.FamilyName);
        json.WriteString("storedTypes", facts.StoredTypes);
        WriteParameters(json, facts);
        json.WriteStartObject("parts");
        foreach (string part in PlannedWeight.Parts)
        {
            json.WriteStartObject(part);
            json.WriteNumber("parameters", facts.ParametersOf(part));
            json.WriteNumber("bytes", facts.BytesOf(part));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteNumber("bytes", facts.Bytes);
        json.WriteNumber("cacheBytesPerToken", SpeedModel.CacheBytes(config, 1));
        json.WriteNumber("layers", config.LayerCount);
        json.WriteNumber("hiddenSize", config.HiddenSize);
        json.WriteNumber("heads", config.HeadCount);
        json.WriteNumber("keyValueHeads", config.KeyValueHeadCount);
        json.WriteNumber("headSize", config.HeadSize);
        json.WriteNumber("vocabulary", config.VocabularySize);
        json.WriteNumber("positions", config.PositionCount);
        json.WriteBoolean("tied", config.IsTied);
        json.WriteNumber("topK", config.Experts?.TopK ?? 0);
        json.WriteStartArray("expertsPerLayer");
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            json.WriteNumberValue(config.HasExperts(layer) ? config.Experts!.ExpertCount : 0);
        }

        json.WriteEndArray();
        json.WriteStartArray("tensors");
        foreach (StoredTensor tensor in facts.Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("type", tensor.Type.Name());
            json.WriteStartArray("shape");
            foreach (long size in tensor.Shape)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            json.WriteNumber("parameters", tensor.ElementCount);
            json.WriteNumber("bytes", tensor.ByteLength);
            json.WriteString("file", Path.GetFileName(tensor.File));
            json.WriteNumber("offset", tensor.Offset);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
