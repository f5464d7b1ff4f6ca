using MoeSharp.Formats.Safetensors;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Conversion;

/// <summary>How a model is converted.</summary>
public sealed record ConversionOptions
{
    /// <summary>Which tensor gets which format; null keeps every number as it is stored, where the new layout can hold it.</summary>
    public QuantizationRecipe? Recipe { get; init; }

    /// <summary>Which columns matter; null for all alike.</summary>
    public Importance? Importance { get; init; }

    /// <summary>Threads; null takes the team of the process.</summary>
    public Workers? Workers { get; init; }

    /// <summary>True to replace a model that is already at the destination.</summary>
    public bool Overwrites { get; init; }

    /// <summary>Bytes of tensors in one file of a folder, at most; above it, a model becomes several files with an index.</summary>
    /// <value>5·10⁹ by default, as transformers has it.</value>
    public long ShardBytes { get; init; } = ShardedSafetensorsWriter.DefaultShardBytes;

    /// <summary>Bytes of tensors in one part of a GGUF model, at most; null for one file of any size.</summary>
    public long? SplitBytes { get; init; }

    /// <summary>Hears how far it is, after every few megabytes.</summary>
    public IProgress<ConversionProgress>? Progress { get; init; }
}
