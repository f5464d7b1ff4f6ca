using System.Text;

namespace MoeSharp.Text.Models;

/// <summary>The one-to-one table by which a byte-level vocabulary writes every byte as a visible character.</summary>
/// <remarks>Printable Latin-1 bytes stand for themselves; the other 68 take U+0100 upwards in order. Source: openai/gpt-2, encoder.py.</remarks>
internal static class ByteAlphabet
{
    private static readonly char[] s_characters = Characters();
    private static readonly short[] s_bytes = Bytes();

    /// <summary>The character of a byte.</summary>
    public static char CharacterOf(byte value) => s_characters[value];

    /// <summary>Text of a vocabulary for some bytes.</summary>
    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte value in bytes)
        {
            text.Append(s_characters[value]);
        }

        return text.ToString();
    }

    /// <summary>Writes text of a vocabulary for some bytes, a character each.</summary>
    /// <returns>How many characters were written.</returns>
    public static int Write(ReadOnlySpan<byte> bytes, Span<char> text)
    {
        for (int index = 0; index < bytes.Length; index++)
        {
            text[index] = s_characters[bytes[index]];
        }

        return bytes.Length;
    }

    /// <summary>The bytes that an entry stands for; <see langword="false"/> when it has a character outside the table.</summary>
    public static bool TryRead(string token, out byte[] bytes)
    {
        bytes = new byte[token.Length];
        for (int index = 0; index < token.Length; index++)
        {
            char character = token[index];
            if (character >= s_bytes.Length || s_bytes[character] < 0)
            {
                return false;
            }

            bytes[index] = (byte)s_bytes[character];
        }

        return true;
    }

    private static char[] Characters()
    {
        var characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool visible = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = (char)(visible ? value : next++);
        }

        return characters;
    }

    private static short[] Bytes()
    {
        var bytes = new short[256 + 68];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
        {
            bytes[s_characters[value]] = (short)value;
        }

        return bytes;
    }
}
