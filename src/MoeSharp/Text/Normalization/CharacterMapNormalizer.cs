using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Normalization;

/// <summary>Replaces characters by a compiled table of SentencePiece, and leaves spaces alone (<c>Precompiled</c>).</summary>
/// <remarks>The longest match at each place is replaced, as SentencePiece does; the tokenizers library looks up grapheme clusters, which differs for
/// clusters that only begin with an entry.</remarks>
/// <param name="map">The table.</param>
internal sealed class CharacterMapNormalizer(CharacterMap map) : INormalizer
{
    private readonly CharacterMap _map = map;

    /// <summary>The table.</summary>
    public CharacterMap Map => _map;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        var output = new ByteBuilder(text.Length + 16);
        for (int position = 0; position < text.Length;)
        {
            int length = _map.Find(text[position..], out ReadOnlySpan<byte> replacement);
            if (length == 0)
            {
                _ = CodePoints.Read(text, position, out length);
                replacement = text.Slice(position, length);
            }

            output.Append(replacement);
            position += length;
        }

        return output.Written;
    }
}
