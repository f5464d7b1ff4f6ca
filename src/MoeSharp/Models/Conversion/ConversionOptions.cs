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

    /// <summary>Hears how far it is, after every few megabytes.</summary>
    public IProgress<ConversionProgress>? Progress { get; init; }
}
