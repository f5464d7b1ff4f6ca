namespace MoeSharp.Models.Conversion;

/// <summary>What became of one tensor.</summary>
/// <param name="Name">Its name in the new file.</param>
/// <param name="Part">The part of the model it belongs to, as <c>experts</c>.</param>
/// <param name="From">How it was stored; several types joined by commas.</param>
/// <param name="To">How it is stored.</param>
/// <param name="Elements">Its elements.</param>
/// <param name="BytesBefore">Bytes it took.</param>
/// <param name="Bytes">Bytes it takes.</param>
/// <param name="Error">What was lost.</param>
/// <param name="Reason">Why it is not stored as the recipe's name says; null when it is.</param>
/// <param name="IsWeighted">True when it was known which of its columns matter.</param>
public sealed record QuantizedTensor(
    string Name,
    string Part,
    string From,
    string To,
    long Elements,
    long BytesBefore,
    long Bytes,
    QuantizationError Error,
    string? Reason = null,
    bool IsWeighted = false);
