using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding;

/// <summary>A folder in the Hugging Face layout: <c>config.json</c> beside safetensors.</summary>
public static class DecoderFolder
{
    /// <summary>Name of the configuration.</summary>
    public const string ConfigName = "config.json";

    /// <summary>The folder of a model that is named by itself or by a file in it.</summary>
    /// <param name="path">The folder, or its safetensors file or <c>config.json</c>.</param>
    /// <exception cref="ModelFormatException">The file is of a format that cannot be loaded.</exception>
    public static string Of(string path)
    {
        if (path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            throw new ModelFormatException(path, null, null, "is a GGUF file, where a folder of safetensors is wanted.");
        }

        return File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
    }

    /// <summary>Loads a decoder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="options">Whether weights stay as they are stored; null for float32, ready for training.</param>
    /// <exception cref="ModelFormatException">A file is missing or breaks its format, or tensors do not fit the configuration.</exception>
    /// <exception cref="ConfigException">The configuration is faulty or not understood.</exception>
    public static (Decoder Decoder, Family Family) Load(string path, WeightOptions? options = null)
    {
        string configPath = Path.Combine(path, ConfigName);
        if (!File.Exists(configPath))
        {
            throw new ModelFormatException(
                Path.TrimEndingDirectorySeparator(path), null, null,
                Directory.Exists(path) ? $"the folder has no {ConfigName}." : "there is no such folder.");
        }

        (Family family, DecoderConfig config) = FamilyCatalogue.Read(configPath);
        using TensorSource source = SafetensorsModel.Open(path);
        var decoder = new Decoder(config);
        DecoderWeights.Load(decoder, family, source, options);
        return (decoder, family);
    }

    /// <summary>Saves a decoder in the layout of the family that its configuration equals.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="path">The folder; made when it is not there.</param>
    /// <param name="type">How numbers are stored: F32 exactly, BF16 and F16 rounded to nearest even.</param>
    /// <param name="preferred">The family to try first: the one the model came from.</param>
    /// <param name="shardBytes">Bytes of weights in one file, at most; above it there are several, with an index.</param>
    /// <returns>The family that was chosen.</returns>
    /// <exception cref="ConfigException">No family equals the configuration.</exception>
    public static Family Save(Decoder decoder, string path, DType type = DType.F32, Family? preferred = null, long shardBytes = ShardedSafetensorsWriter.DefaultShardBytes)
    {
        Family family = FamilyCatalogue.Choose(decoder.Config, preferred);
        Directory.CreateDirectory(path);
        string name = type switch
        {
            DType.BF16 => "bfloat16",
            DType.F16 => "float16",
            DType.F32 => "float32",
            _ => throw new ArgumentException($"save: weights cannot be stored as {type}. Use F32, BF16 or F16, or moe quantize for block formats.", nameof(type)),
        };
        string config = Path.Combine(path, ConfigName);

        // Until the new configuration stands there, a folder whose weights are being replaced is no model.
        DecoderWeights.Save(decoder, family, path, type, shardBytes, () => File.Delete(config));
        AtomicFile.WriteAllBytes(
            config, System.Text.Encoding.UTF8.GetBytes(FamilyCatalogue.Write(family, decoder.Config, name)));
        return family;
    }
}
