namespace MoeSharp.Models.Conversion;

/// <summary>What became of one part of a model, or of all of it.</summary>
/// <param name="Part">Its name, as <c>experts</c>.</param>
/// <param name="Types">The formats in it, the largest first.</param>
/// <param name="Elements">Its elements.</param>
/// <param name="BytesBefore">Bytes it took.</param>
/// <param name="Bytes">Bytes it takes.</param>
/// <param name="Error">What was lost.</param>
public sealed record QuantizedPart(
    string Part, IReadOnlyList<string> Types, long Elements, long BytesBefore, long Bytes, QuantizationError Error)
{
    /// <summary>Bits an element takes.</summary>
    public double BitsPerElement => Elements == 0 ? 0 : 8.0 * Bytes / Elements;

    internal static QuantizedPart Of(string part, IReadOnlyCollection<QuantizedTensor> tensors) => new(
        part,
        [.. tensors.GroupBy(tensor => tensor.To).OrderByDescending(group => group.Sum(tensor => tensor.Bytes)).Select(group => group.Key)],
        tensors.Sum(tensor => tensor.Elements),
        tensors.Sum(tensor => tensor.BytesBefore),
        tensors.Sum(tensor => tensor.Bytes),
        tensors.Aggregate(default(QuantizationError), (sum, tensor) => sum + tensor.Error));
}
