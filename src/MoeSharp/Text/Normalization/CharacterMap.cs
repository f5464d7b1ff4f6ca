using System.Buffers.Binary;
using System.Text;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Normalization;

/// <summary>SentencePiece's compiled table of replacements: the longest prefix of a text that it holds becomes another text.</summary>
/// <remarks>
/// <para>Layout: the size of the tree in bytes (32 bits, little-endian); the tree, a double array of 32-bit units; the replacements, each ended by NUL.
/// A unit holds its label in bits 0–7, whether a value follows in bit 8, the offset to its children in bits 10–30 (times 256 when bit 9 is set).</para>
/// <para>Every step is checked, so a faulty table finds nothing rather than reading outside. Immutable. Source: google/sentencepiece, normalizer.cc; s-yata/darts-clone.</para>
/// </remarks>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private CharacterMap(uint[] units, byte[] replacements)
    {
        (_units, _replacements) = (units, replacements);
    }

    /// <summary>The bytes as they stand in a file.</summary>
    public required byte[] Source { get; init; }

    /// <summary>Whether all white space but spaces becomes spaces, or nothing. Of U+0085 (next line) that is not asked: published tables leave
    /// it alone.</summary>
    public bool MakesSpacesOfWhiteSpace
    {
        get
        {
            Span<byte> utf8 = stackalloc byte[4];
            CodePointSet spaces = UnicodeProperty.WhiteSpace().Freeze();
            for (int value = 0; value < 0x3001; value++)
            {
                if (value is not (' ' or 0x85) && spaces.Contains(value))
                {
                    ReadOnlySpan<byte> character = utf8[..new Rune(value).EncodeToUtf8(utf8)];
                    if (Find(character, out ReadOnlySpan<byte> becomes) != character.Length || becomes.Trim((byte)' ').Length > 0)
                    {
                        return false;
                    }
                }
            }

            return true;
        }
    }

    /// <summary>Reads a table.</summary>
    /// <exception cref="InvalidDataException">The table is cut short or its sizes contradict each other.</exception>
    public static CharacterMap Read(ReadOnlySpan<byte> table)
    {
        uint treeBytes = table.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(table) : 0;
        if (treeBytes == 0 || treeBytes % 4 != 0 || treeBytes > table.Length - 4)
        {
            throw new InvalidDataException($"has a character map of {table.Length} bytes whose tree takes {treeBytes}. It must be a multiple of 4 within the map.");
        }

        ReadOnlySpan<byte> replacements = table[(4 + (int)treeBytes)..];
        if (!replacements.IsEmpty && replacements[^1] != 0)
        {
            throw new InvalidDataException("has a character map whose last replacement is not ended by NUL.");
        }

        var units = new uint[treeBytes / 4];
        for (int index = 0; index < units.Length; index++)
        {
            units[index] = BinaryPrimitives.ReadUInt32LittleEndian(table[(4 + (4 * index))..]);
        }

        return new CharacterMap(units, replacements.ToArray()) { Source = table.ToArray() };
    }

    /// <summary>The longest entry at the beginning of <paramref name="text"/>: its length, or 0, and what it becomes.</summary>
    public int Find(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        int longest = 0;
        uint node = Offset(_units[0]);
        for (int length = 0; length < text.Length; length++)
        {
            node ^= text[length];
            if (node >= _units.Length || Label(_units[node]) != text[length])
            {
                break;
            }

            bool hasValue = ((_units[node] >> 8) & 1) != 0;
            node ^= Offset(_units[node]);
            if (hasValue && node < _units.Length)
            {
                uint start = _units[node] & 0x7FFF_FFFF;
                if (start < _replacements.Length)
                {
                    longest = length + 1;
                    replacement = _replacements.AsSpan((int)start);
                    replacement = replacement[..replacement.IndexOf((byte)0)];
                }
            }
        }

        return longest;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1U << 9)) >> 6);

    private static uint Label(uint unit) => unit & 0x8000_00FF;
}
