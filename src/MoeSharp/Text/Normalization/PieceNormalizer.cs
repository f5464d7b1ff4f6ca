using System.Text.Unicode;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Normalization;

/// <summary>SentencePiece's normalizer: replacements of a compiled table, then its rules for spaces.</summary>
/// <remarks>
/// <para>User-defined entries are left as they are. An empty text stays empty. Immutable; safe for concurrent use.</para>
/// <para>Source: google/sentencepiece, normalizer.cc.</para>
/// </remarks>
/// <param name="spaces">The rules for spaces.</param>
/// <param name="map">The table; <see langword="null"/> when characters stay as they are.</param>
/// <param name="userDefined">Finds text that must not be replaced.</param>
/// <param name="replacesInvalid">Whether a byte outside UTF-8 becomes U+FFFD, as in SentencePiece; else it stays.</param>
internal sealed class PieceNormalizer(SpaceRules spaces, CharacterMap? map, AddedTokenMatcher? userDefined, bool replacesInvalid) : INormalizer
{
    private readonly SpaceRules _spaces = spaces;
    private readonly CharacterMap? _map = map;
    private readonly AddedTokenMatcher? _userDefined = userDefined;
    private readonly bool _replacesInvalid = replacesInvalid;

    /// <summary>The table, if any.</summary>
    public CharacterMap? Map => _map;

    /// <summary>The rules for spaces.</summary>
    public SpaceRules Spaces => _spaces;

    private ReadOnlySpan<byte> Space => _spaces.Escapes ? "▁"u8 : " "u8;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        var output = new ByteBuilder(text.Length + (text.Length / 2) + 8);
        if (_spaces.AddsDummy && !_spaces.AsSuffix)
        {
            output.Append(Space);
        }

        int prefix = output.Length;
        bool plain = _map is null && !_spaces.RemovesExtra && (!_replacesInvalid || Utf8.IsValid(text));
        if (plain)
        {
            AppendEscaped(text, ref output);
        }
        else
        {
            AppendReplaced(text, ref output);
        }

        if (output.Length == prefix)
        {
            return default; // nothing but spaces
        }

        if (_spaces.RemovesExtra)
        {
            while (output.Length > prefix && output.Written[prefix..].EndsWith(Space))
            {
                output.Length -= Space.Length;
            }
        }

        if (_spaces.AddsDummy && _spaces.AsSuffix)
        {
            output.Append(Space);
        }

        return output.Length == prefix ? default : output.Written;
    }

    private void AppendReplaced(ReadOnlySpan<byte> text, ref ByteBuilder output)
    {
        bool afterSpace = _spaces.RemovesExtra;
        for (int position = 0; position < text.Length;)
        {
            // The next user-defined entry is copied whole; what stands before it goes through the table.
            int keptStart = text.Length;
            int keptEnd = text.Length;
            if (_userDefined?.Find(text, position, recogniseSpecial: false, out int start, out int end) is not null)
            {
                (keptStart, keptEnd) = (start, end);
            }

            while (position < keptStart)
            {
                position += Take(text[position..keptStart], out ReadOnlySpan<byte> part);
                Append(part, ref afterSpace, ref output);
            }

            if (keptEnd > keptStart)
            {
                Append(text[keptStart..keptEnd], ref afterSpace, ref output);
            }

            position = keptEnd;
        }
    }

    /// <summary>The next part of the text after replacement, and how many bytes it stood for.</summary>
    private int Take(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> part)
    {
        if (_map is not null && _map.Find(text, out part) is int length and > 0)
        {
            return length;
        }

        int value = CodePoints.Read(text, 0, out length);
        part = value == CodePoints.Invalid && _replacesInvalid ? "\uFFFD"u8 : text[..length];
        return length;
    }

    private void Append(ReadOnlySpan<byte> part, ref bool afterSpace, ref ByteBuilder output)
    {
        if (afterSpace)
        {
            part = part.TrimStart((byte)' ');
        }

        if (!part.IsEmpty)
        {
            AppendEscaped(part, ref output);
            afterSpace = _spaces.RemovesExtra && part[^1] == ' ';
        }
    }

    private void AppendEscaped(ReadOnlySpan<byte> part, ref ByteBuilder output)
    {
        if (!_spaces.Escapes)
        {
            output.Append(part);
            return;
        }

        while (part.IndexOf((byte)' ') is int space and >= 0)
        {
            output.Append(part[..space]);
            output.Append("▁"u8);
            part = part[(space + 1)..];
        }

        output.Append(part);
    }
}
