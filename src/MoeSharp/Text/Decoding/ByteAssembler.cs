using System.Text;

namespace MoeSharp.Text.Decoding;

/// <summary>Puts the bytes of tokens together, as they come. One text at a time.</summary>
/// <param name="tokenizer">Whose tokens come.</param>
/// <param name="skipSpecial">Whether special tokens are left out.</param>
internal sealed class ByteAssembler(Tokenizer tokenizer, bool skipSpecial)
{
    private readonly Tokenizer _tokenizer = tokenizer;
    private readonly DecodingRules _rules = tokenizer.Parts.Decoding;
    private readonly bool _skipSpecial = skipSpecial;
    private bool _started;
    private bool _hasText;
    private int _leadingTaken;

    /// <summary>Appends the bytes of the next token; none for an id that the vocabulary does not know.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public void Add(int id, List<byte> output)
    {
        bool special = _tokenizer.IsSpecial(id);
        if (_tokenizer.TokenOf(id) is not string token || (_skipSpecial && special))
        {
            return;
        }

        ReadOnlySpan<byte> bytes = _tokenizer.BytesOf(id);
        if (!_started && _rules.LostByFirstToken.Length > 0)
        {
            bytes = _rules.BytesOf(id, token.Replace(_rules.LostByFirstToken, "", StringComparison.Ordinal), isAdded: special);
        }

        if (_started && _rules.Separator.Length > 0)
        {
            output.AddRange(Encoding.UTF8.GetBytes(_rules.Separator));
        }

        _started = true;
        if (_rules.Surface is (int surfaceId, _) && surfaceId == id)
        {
            _hasText = true;
        }
        else if (!(special && _rules.BeginsAfterSpecial))
        {
            bytes = WithoutLeading(bytes);
        }

        output.AddRange(bytes);
    }

    private ReadOnlySpan<byte> WithoutLeading(ReadOnlySpan<byte> bytes)
    {
        while (!_hasText && !bytes.IsEmpty)
        {
            if (_leadingTaken == _rules.LeadingCount || bytes[0] != _rules.Leading)
            {
                _hasText = true;
                break;
            }

            _leadingTaken++;
            bytes = bytes[1..];
        }

        return bytes;
    }
}
