namespace MoeSharp.Models.Conversion;

/// <summary>What a conversion did.</summary>
/// <param name="Path">The file or folder that was written.</param>
/// <param name="Layout">What it is: an architecture of GGUF, or a <c>model_type</c>.</param>
/// <param name="Tensors">Every tensor, in the order of the file.</param>
/// <param name="Notes">What a person should know: facts that the new format cannot say, parts that were left out.</param>
public sealed record ConversionReport(
    string Path, string Layout, IReadOnlyList<QuantizedTensor> Tensors, IReadOnlyList<string> Notes)
{
    private static readonly string[] s_order = ["embedding", "attention", "router", "experts", "sharedExperts", "feedForward", "norms", "head", "other"];

    /// <summary>The parts of the model in the order of a forward pass.</summary>
    public IReadOnlyList<QuantizedPart> Parts { get; } = [.. Tensors.GroupBy(tensor => tensor.Part)
        .OrderBy(group => Array.IndexOf(s_order, group.Key)).Select(group => QuantizedPart.Of(group.Key, [.. group]))];

    /// <summary>All of it.</summary>
    public QuantizedPart All { get; } = QuantizedPart.Of("all", [.. Tensors]);
}
