namespace MoeSharp.Text.Normalization;

/// <summary>Normalizers one after the other.</summary>
/// <param name="steps">The normalizers.</param>
internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> steps) : INormalizer
{
    /// <summary>The normalizers, in order.</summary>
    public IReadOnlyList<INormalizer> Steps { get; } = steps;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        foreach (INormalizer step in Steps)
        {
            text = step.Normalize(text);
        }

        return text;
    }
}
