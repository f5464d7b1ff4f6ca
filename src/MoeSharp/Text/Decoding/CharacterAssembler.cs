using System.Buffers;
using System.Text;

namespace MoeSharp.Text.Decoding;

/// <summary>Turns bytes into text as they come: the bytes of an unfinished character wait for the rest. One text at a time.</summary>
/// <param name="faultsByByte">Whether every byte outside UTF-8 gives one U+FFFD; else one stands for each longest beginning of a character.</param>
internal sealed class CharacterAssembler(bool faultsByByte)
{
    private readonly bool _faultsByByte = faultsByByte;
    private readonly List<byte> _waiting = [];

    /// <summary>The text that these bytes complete.</summary>
    /// <param name="bytes">The next bytes.</param>
    /// <param name="flush">Whether no more will come: an unfinished character is then a fault.</param>
    public string Add(ReadOnlySpan<byte> bytes, bool flush)
    {
        if (_waiting.Count > 0)
        {
            _waiting.AddRange(bytes);
            bytes = _waiting.ToArray();
            _waiting.Clear();
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            int valid = ValidLength(bytes);
            text.Append(Encoding.UTF8.GetString(bytes[..valid]));
            bytes = bytes[valid..];
            if (bytes.IsEmpty)
            {
                break;
            }

            OperationStatus status = Rune.DecodeFromUtf8(bytes, out _, out int consumed);
            if (status == OperationStatus.NeedMoreData && !flush)
            {
                _waiting.AddRange(bytes);
                break;
            }

            text.Append('\uFFFD', _faultsByByte ? consumed : 1);
            bytes = bytes[consumed..];
        }

        return text.ToString();
    }

    /// <summary>The length of the valid characters in front.</summary>
    private static int ValidLength(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return bytes.Length;
        }

        int length = 0;
        while (Rune.DecodeFromUtf8(bytes[length..], out _, out int consumed) == OperationStatus.Done)
        {
            length += consumed;
        }

        return length;
    }
}
