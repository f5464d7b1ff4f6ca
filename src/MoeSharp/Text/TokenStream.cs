using System.Text;

namespace MoeSharp.Text;

/// <summary>Turns tokens into text as they come, and never gives out half a character.</summary>
/// <remarks>
/// <para>A token may end inside a UTF-8 character; its bytes wait until the character is whole. Bytes that can no longer become a character give one U+FFFD
/// per broken sequence at once, so that all texts together equal <see cref="Tokenizer.Decode"/>.</para>
/// <para>One stream per text; not for concurrent use.</para>
/// </remarks>
/// <param name="tokenizer">Whose tokens come.</param>
/// <param name="skipSpecial">Whether special tokens are left out.</param>
public sealed class TokenStream(Tokenizer tokenizer, bool skipSpecial = false)
{
    private readonly Tokenizer _tokenizer = tokenizer;
    private readonly bool _skipSpecial = skipSpecial;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _characters = new char[64];
    private bool _started;

    /// <summary>The text that the next token completes; empty while a character is unfinished.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public string Add(int id)
    {
        if (_tokenizer.TokenOf(id) is null || (_skipSpecial && _tokenizer.IsSpecial(id)))
        {
            return string.Empty;
        }

        string separator = _started && !_tokenizer.Parts.ByteLevelDecoder ? Convert(" "u8, flush: false) : string.Empty;
        _started = true;
        return separator + Convert(_tokenizer.BytesOf(id), flush: false);
    }

    /// <summary>What is left at the end: U+FFFD for an unfinished character, else nothing. The stream is then as new.</summary>
    public string Finish()
    {
        _started = false;
        return Convert([], flush: true);
    }

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        int needed = Encoding.UTF8.GetMaxCharCount(bytes.Length + 4);
        if (_characters.Length < needed)
        {
            _characters = new char[needed];
        }

        int count = _decoder.GetChars(bytes, _characters, flush);
        return new string(_characters, 0, count);
    }
}
