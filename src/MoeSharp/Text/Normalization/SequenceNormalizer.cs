namespace MoeSharp.Text.Normalization;

/// <summary>Normalizers one after the other.</summary>
/// <param name="steps">The normalizers.</param>
internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> steps) : INormalizer
{
    private readonly IReadOnlyList<INormalizer> _steps = steps;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        foreach (INormalizer step in _steps)
        {
            text = step.Normalize(text);
        }

        return text;
    }
}
