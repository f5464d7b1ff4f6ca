using System.Runtime.InteropServices;
using MoeSharp.Text.Decoding;

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
    private readonly List<byte> _bytes = [];
    private readonly CharacterAssembler _characters = new(tokenizer.Parts.Decoding.FaultsByByte);
    private ByteAssembler _tokens = new(tokenizer, skipSpecial);

    /// <summary>The text that the next token completes; empty while a character is unfinished.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public string Add(int id)
    {
        _bytes.Clear();
        _tokens.Add(id, _bytes);
        return _characters.Add(CollectionsMarshal.AsSpan(_bytes), flush: false);
    }

    /// <summary>What is left at the end: U+FFFD for an unfinished character, else nothing. The stream is then as new.</summary>
    public string Finish()
    {
        string rest = _characters.Add([], flush: true);
        _tokens = new ByteAssembler(_tokenizer, _skipSpecial);
        return rest;
    }
}
