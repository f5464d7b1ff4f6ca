namespace MoeSharp.Models.Conversion;

/// <summary>How far a conversion is.</summary>
/// <param name="Tensor">The tensor being written.</param>
/// <param name="Done">Elements written.</param>
/// <param name="Total">Elements in all.</param>
public readonly record struct ConversionProgress(string Tensor, long Done, long Total);
