using System.Globalization;

namespace MoeSharp.Text.Models;

/// <summary>The entries that stand for single bytes, written <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c> (byte fallback).</summary>
internal sealed class BytePieces
{
    private readonly int[] _ids = new int[256];

    /// <summary>The byte entries of a vocabulary; none when it is <see langword="null"/>.</summary>
    public BytePieces(Vocabulary? vocabulary)
    {
        for (int value = 0; value < 256; value++)
        {
            _ids[value] = vocabulary is not null && vocabulary.TryGetId(TextOf((byte)value), out int id) ? id : -1;
        }
    }

    /// <summary>Whether every byte has an entry.</summary>
    public bool IsComplete => !_ids.Contains(-1);

    /// <summary>How the entry of a byte is written.</summary>
    public static string TextOf(byte value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>The byte that an entry stands for.</summary>
    public static bool TryRead(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Appends the ids of some bytes; <see langword="false"/>, and nothing appended, when one has none.</summary>
    public bool TryAdd(ReadOnlySpan<byte> bytes, List<int> ids)
    {
        foreach (byte value in bytes)
        {
            if (_ids[value] < 0)
            {
                return false;
            }
        }

        foreach (byte value in bytes)
        {
            ids.Add(_ids[value]);
        }

        return true;
    }
}
