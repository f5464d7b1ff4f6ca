using System.Collections.Concurrent;
using System.Text;
using MoeSharp.Formats;
using MoeSharp.Text.Decoding;
using MoeSharp.Text.Json;
using MoeSharp.Text.PreTokenization;
using MoeSharp.Text.SentencePiece;
using MoeSharp.Text.Templates;

namespace MoeSharp.Text;

/// <summary>Turns text into token ids and back: byte-pair encoding or a unigram model, over bytes or pieces, as its file says.</summary>
/// <remarks>
/// <para>A text goes through added tokens → normalizer → pre-tokenizer → merges → optional begin and end tokens.</para>
/// <para>A byte-level vocabulary without normalizer gives every text back exactly, even bytes that are no UTF-8.</para>
/// <para>The text of special tokens is ordinary text unless <c>recogniseSpecial</c> is set, so that a user's input cannot steer the model.</para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly AddedTokenMatcher _rawTokens;
    private readonly AddedTokenMatcher? _normalizedTokens;
    private readonly Dictionary<int, AddedToken> _addedById = [];
    private readonly Dictionary<string, AddedToken> _addedByText = new(StringComparer.Ordinal);
    private readonly byte[]?[] _bytes;
    private readonly ConcurrentBag<EncoderState> _states = [];

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        foreach (AddedToken token in parts.AddedTokens)
        {
            _addedById[token.Id] = token;
            _addedByText[token.Content] = token;
        }

        _rawTokens = new AddedTokenMatcher(parts.AddedTokens.Where(token => !token.Normalized), null);
        _normalizedTokens = parts.AddedTokens.Any(token => token.Normalized)
            ? new AddedTokenMatcher(parts.AddedTokens.Where(token => token.Normalized), parts.Normalizer)
            : null;
        VocabularySize = Math.Max(parts.Model.LargestId, _addedById.Count == 0 ? -1 : _addedById.Keys.Max()) + 1;
        _bytes = new byte[]?[Math.Min(VocabularySize, 2 * (parts.Model.Count + _addedById.Count))];
    }

    /// <summary>One more than the highest id: the least number of rows an embedding needs. Ids below it may be unused.</summary>
    public int VocabularySize { get; }

    /// <summary>What the file is called in a folder of a model: <c>tokenizer.json</c> or <c>tokenizer.model</c>.</summary>
    public string FileName => _parts.SentencePiece is null ? TokenizerFile.JsonName : TokenizerFile.ModelName;

    /// <summary>The added tokens, special ones among them.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _parts.AddedTokens;

    /// <summary>Whether every byte has a token, so that any text can be encoded.</summary>
    public bool CoversAllBytes => _parts.Model.CoversAllBytes;

    internal TokenizerParts Parts => _parts;

    /// <summary>Reads a tokenizer file.</summary>
    /// <param name="path">A <c>tokenizer.json</c>, a SentencePiece <c>tokenizer.model</c> or a GGUF file, or the folder that holds one of the first two: then
    /// <c>tokenizer_config.json</c> beside it names added tokens and begin and end tokens that the file lacks.</param>
    /// <exception cref="ModelFormatException">The file is malformed, or asks for something that would change the result and is not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Tokenizer Load(string path) => new(TokenizerFile.Read(path));

    /// <summary>Reads the contents of a tokenizer file.</summary>
    /// <param name="content">The bytes of the file.</param>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="ModelFormatException">The contents are malformed or not supported.</exception>
    public static Tokenizer Parse(ReadOnlyMemory<byte> content, string name = TokenizerFile.JsonName) => new(TokenizerFile.Read(content, name));

    /// <summary>The same tokenizer, in which the text of control tokens becomes those tokens when special tokens are recognised, as chat templates need it.</summary>
    /// <remarks>Only a SentencePiece model differs: by its own rules no text becomes a control token.</remarks>
    public Tokenizer RecogniseControl() => _parts.RecognisesSpecial || _parts.SentencePiece is null
        ? this
        : new Tokenizer(_parts with { RecognisesSpecial = true });

    /// <summary>Writes the file, beside its place first and then renamed, so that a crash leaves the old file or the new one.</summary>
    /// <param name="path">Where to; in a folder of a model it is called <see cref="FileName"/>.</param>
    public void Save(string path)
    {
        using var content = new MemoryStream();
        Write(content);
        AtomicFile.WriteAllBytes(path, content.GetBuffer().AsSpan(0, (int)content.Length));
    }

    /// <summary>Writes the contents of the file: a SentencePiece model when it was made from one, else <c>tokenizer.json</c>.</summary>
    public void Write(Stream stream)
    {
        if (_parts.SentencePiece is { } model)
        {
            SentencePieceWriter.Write(model, stream);
        }
        else
        {
            TokenizerJsonWriter.Write(_parts, stream);
        }
    }

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text; half a surrogate pair reads as U+FFFD.</param>
    /// <param name="recogniseSpecial">Whether the text of special tokens becomes those tokens. Default: it is ordinary text.</param>
    /// <param name="addSpecial">Whether the begin and end tokens of the file's post-processor are added. Default: no.</param>
    /// <exception cref="ArgumentException">The vocabulary lacks a symbol of the text and has no unknown token (never with <see cref="CoversAllBytes"/>).</exception>
    public int[] Encode(string text, bool recogniseSpecial = false, bool addSpecial = false) =>
        Encode(Encoding.UTF8.GetBytes(text), recogniseSpecial, addSpecial);

    /// <summary>The ids of a text given as UTF-8; any bytes are allowed.</summary>
    /// <inheritdoc cref="Encode(string, bool, bool)"/>
    public int[] Encode(ReadOnlySpan<byte> utf8, bool recogniseSpecial = false, bool addSpecial = false)
    {
        var ids = new List<int>((utf8.Length / 3) + 4);
        Encode(utf8, ids, recogniseSpecial, addSpecial);
        return [.. ids];
    }

    /// <summary>The ids of a conversation: what its template wrote becomes special tokens, what others said never does.</summary>
    /// <exception cref="ArgumentException">The vocabulary lacks a symbol of the text and has no unknown token (never with <see cref="CoversAllBytes"/>).</exception>
    public int[] Encode(RenderedText text)
    {
        var ids = new List<int>((text.Text.Length / 3) + 4);
        Encode(Encoding.UTF8.GetBytes(text.Text), ids, recogniseSpecial: true, addSpecial: false, text.Content.Count == 0 ? null : new LiteralRanges(text));
        return [.. ids];
    }

    /// <summary>Appends the ids of a text given as UTF-8.</summary>
    /// <inheritdoc cref="Encode(string, bool, bool)"/>
    public void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool recogniseSpecial = false, bool addSpecial = false) =>
        Encode(utf8, ids, recogniseSpecial, addSpecial, literal: null);

    private void Encode(ReadOnlySpan<byte> utf8, List<int> ids, bool recogniseSpecial, bool addSpecial, LiteralRanges? literal)
    {
        recogniseSpecial &= _parts.RecognisesSpecial;
        if (addSpecial)
        {
            ids.AddRange(_parts.Prefix);
        }

        EncoderState state = _states.TryTake(out EncoderState? free) ? free : new EncoderState();
        int done = 0;
        Func<AddedToken, int, int, bool>? refuses = literal is null ? null : literal.Refuses;
        while (_rawTokens.Find(utf8, done, recogniseSpecial, out int start, out int end, refuses) is AddedToken token)
        {
            EncodeRaw(utf8, done, start, ids, recogniseSpecial, literal, state);
            ids.Add(token.Id);
            done = end;
        }

        EncodeRaw(utf8, done, utf8.Length, ids, recogniseSpecial, literal, state);
        state.Trim();
        _states.Add(state);
        if (addSpecial)
        {
            ids.AddRange(_parts.Suffix);
        }
    }

    /// <summary>The text of some ids. Bytes that are no UTF-8 become U+FFFD; use <see cref="DecodeBytes"/> to keep them.</summary>
    /// <param name="ids">The ids; one that the vocabulary does not know stands for no text, since a model may have more rows than there are tokens.</param>
    /// <param name="skipSpecial">Whether special tokens are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false) =>
        new CharacterAssembler(_parts.Decoding.FaultsByByte).Add(DecodeBytes(ids, skipSpecial), flush: true);

    /// <summary>The bytes of some ids.</summary>
    /// <inheritdoc cref="Decode(ReadOnlySpan{int}, bool)"/>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        var output = new List<byte>(4 * ids.Length);
        var tokens = new ByteAssembler(this, skipSpecial);
        foreach (int id in ids)
        {
            tokens.Add(id, output);
        }

        return [.. output];
    }

    /// <summary>The bytes of one token; empty for an id that the vocabulary does not know.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public ReadOnlySpan<byte> BytesOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        if (id >= _bytes.Length)
        {
            return ReadBytes(id);
        }

        // Two threads may both fill an entry, with the same bytes.
        return _bytes[id] ??= ReadBytes(id);
    }

    /// <summary>A token as the vocabulary writes it (<c>Ġthe</c>), or <see langword="null"/> when the id is unused.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public string? TokenOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return _addedById.TryGetValue(id, out AddedToken? added) ? added.Content : _parts.Model.TokenOf(id);
    }

    /// <summary>The id of a token as the vocabulary writes it.</summary>
    public bool TryGetId(string token, out int id)
    {
        if (_addedByText.TryGetValue(token, out AddedToken? added))
        {
            id = added.Id;
            return true;
        }

        return _parts.Model.TryGetId(token, out id);
    }

    /// <summary>Whether an id is a special token.</summary>
    public bool IsSpecial(int id) => _addedById.TryGetValue(id, out AddedToken? added) && added.IsSpecial;

    private byte[] ReadBytes(int id)
    {
        bool isAdded = _addedById.ContainsKey(id);
        return TokenOf(id) is string token ? _parts.Decoding.BytesOf(id, token, isAdded) : [];
    }

    private void EncodeRaw(
        ReadOnlySpan<byte> whole, int from, int to, List<int> ids, bool recogniseSpecial, LiteralRanges? literal, EncoderState state)
    {
        ReadOnlySpan<byte> text = whole[from..to];
        bool beginsText = from == 0;
        if (text.IsEmpty)
        {
            return;
        }

        if (_parts.Normalizer is not null)
        {
            text = _parts.Normalizer.Normalize(text);
        }

        int done = 0;
        Func<AddedToken, int, int, bool>? refuses = _normalizedTokens is null ? null : literal?.RefusalWithin(_parts.AddedTokens, whole, from, to);
        while (_normalizedTokens?.Find(text, done, recogniseSpecial, out int start, out int end, refuses) is AddedToken token)
        {
            EncodePlain(text[done..start], ids, beginsText && done == 0, state);
            ids.Add(token.Id);
            done = end;
        }

        EncodePlain(text[done..], ids, beginsText && done == 0, state);
    }

    private void EncodePlain(ReadOnlySpan<byte> text, List<int> ids, bool beginsText, EncoderState state)
    {
        PieceList pieces = state.Pieces;
        pieces.Reset(text, beginsText);
        foreach (IPreTokenizer preTokenizer in _parts.PreTokenizers)
        {
            preTokenizer.Split(pieces);
        }

        for (int index = 0; index < pieces.Count; index++)
        {
            _parts.Model.Encode(pieces[index], ids, state.Words);
        }
    }
}
