using System.Buffers;
using System.Text;

namespace MoeSharp.Text.Patterns;

/// <summary>Steps through UTF-8 one code point at a time, where a byte that belongs to no valid character is a unit of its own.</summary>
/// <remarks>
/// A lead byte never stands inside a valid character, so the units are the same whether the text is read forwards or backwards.
/// </remarks>
internal static class CodePoints
{
    /// <summary>What a byte outside any valid character reads as: in no range, and of the category of unassigned code points.</summary>
    public const int Invalid = -1;

    /// <summary>The code point at <paramref name="position"/>, and its length in bytes.</summary>
    public static int Read(ReadOnlySpan<byte> text, int position, out int length)
    {
        byte first = text[position];
        if (first < 0x80)
        {
            length = 1;
            return first;
        }

        if (Rune.DecodeFromUtf8(text[position..], out Rune rune, out int consumed) == OperationStatus.Done)
        {
            length = consumed;
            return rune.Value;
        }

        length = 1;
        return Invalid;
    }

    /// <summary>The code point that ends at <paramref name="position"/>, and its length in bytes.</summary>
    public static int ReadBefore(ReadOnlySpan<byte> text, int position, out int length)
    {
        byte last = text[position - 1];
        if (last < 0x80)
        {
            length = 1;
            return last;
        }

        int longest = Math.Min(4, position);
        for (int candidate = 2; candidate <= longest; candidate++)
        {
            int value = Read(text[..position], position - candidate, out int read);
            if (read == candidate && value != Invalid)
            {
                length = candidate;
                return value;
            }
        }

        length = 1;
        return Invalid;
    }
}
