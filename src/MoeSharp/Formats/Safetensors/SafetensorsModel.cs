using MoeSharp.Formats.Pairs;

namespace MoeSharp.Formats.Safetensors;

/// <summary>Finds the safetensors of a model: a file, an index, or a folder with either.</summary>
public static class SafetensorsModel
{
    /// <summary>Name of the single file in a Hugging Face folder.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>Name of the index in a Hugging Face folder whose weights are cut into several files.</summary>
    public const string IndexName = "model.safetensors.index.json";

    /// <summary>Opens <paramref name="path"/>: a <c>.safetensors</c> file, a <c>.index.json</c>, or a folder that holds
    /// <c>model.safetensors</c>, else <c>model.safetensors.index.json</c>.</summary>
    /// <exception cref="ModelFormatException">A folder holds neither, or a file breaks its format.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <remarks>Weights that are published as blocks and scales (MXFP4 of gpt-oss, FP8 of DeepSeek-V3) are seen as one
    /// tensor each.</remarks>
    public static TensorSource Open(string path) => PairedTensors.Of(OpenFiles(path));

    private static TensorSource OpenFiles(string path)
    {
        if (Directory.Exists(path))
        {
            string file = Path.Combine(path, FileName);
            string index = Path.Combine(path, IndexName);
            if (File.Exists(file))
            {
                return SafetensorsFile.Open(file);
            }

            return File.Exists(index)
                ? SafetensorsShards.Open(index)
                : throw new ModelFormatException(Path.TrimEndingDirectorySeparator(path), null, null,
                    $"the folder holds neither {FileName} nor {IndexName}.");
        }

        return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? SafetensorsShards.Open(path) : SafetensorsFile.Open(path);
    }
}
