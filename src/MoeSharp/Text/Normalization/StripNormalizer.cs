using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Normalization;

/// <summary>Takes white space away at the ends.</summary>
/// <param name="left">Whether in front.</param>
/// <param name="right">Whether behind.</param>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    private static readonly CodePointSet s_space = UnicodeProperty.WhiteSpace().Freeze();

    private readonly bool _left = left;
    private readonly bool _right = right;

    /// <summary>Whether white space behind is taken away.</summary>
    public bool StripsRight => _right;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        while (_left && !text.IsEmpty && s_space.Contains(CodePoints.Read(text, 0, out int length)))
        {
            text = text[length..];
        }

        while (_right && !text.IsEmpty && s_space.Contains(CodePoints.ReadBefore(text, text.Length, out int length)))
        {
            text = text[..^length];
        }

        return text;
    }
}
