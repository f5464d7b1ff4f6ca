namespace MoeSharp.Inference;

/// <summary>Reads the tokens of a continuation one after another; where a look-up guesses what comes next, several in one pass.</summary>
/// <remarks>
/// <para>Guessed tokens are read together with the one that was chosen, and the logits after each are kept. As long as the tokens that are
/// chosen from these logits are the guessed ones, nothing has to be read; at the first that is not, the rest is taken back. A row's
/// logits have the same bits in whatever company it is read, and tokens are chosen in the order of the text, so the continuation is that
/// of plain decoding, token for token, greedy or drawn.</para>
/// <para>Keys of models with two rotations are rotated for short or long texts: a guess never carries a text over that limit.</para>
/// </remarks>
internal sealed class TokenReader
{
    private readonly Session _session;
    private readonly PromptLookup? _lookup;
    private readonly int[] _tokens; // of the last pass: the chosen one, then the guessed
    private int _count;     // tokens of the last pass
    private int _confirmed; // of these, how many the text has
    private int _passes;
    private int _proposed;
    private int _accepted;

    /// <summary>Goes on with a session that has read the prompt.</summary>
    /// <param name="session">The session.</param>
    /// <param name="prompt">What it has read.</param>
    /// <param name="lookupTokens">The most tokens to guess in one pass; 0 for none.</param>
    public TokenReader(Session session, ReadOnlySpan<int> prompt, int lookupTokens)
    {
        _session = session;
        _tokens = new int[1 + lookupTokens];
        _lookup = lookupTokens > 0 ? new PromptLookup(prompt) : null;
    }

    /// <summary>Logits after the last token of the text.</summary>
    public ReadOnlySpan<float> Logits => _count > 1 ? _session.LogitsAfter(_confirmed - 1) : _session.Logits;

    /// <summary>Positions that are left after the text.</summary>
    public int Remaining => _session.Remaining + (_count - _confirmed);

    /// <summary>What guessing brought; null where it is off.</summary>
    public LookupStatistics? Statistics => _lookup is null ? null : new LookupStatistics(_passes, _proposed, _accepted);

    /// <summary>Appends a token to the text.</summary>
    /// <param name="id">The token.</param>
    /// <param name="wanted">How many more tokens will be chosen at most; guesses beyond are useless.</param>
    /// <param name="cancellation">Ends it before the model runs.</param>
    public void Read(int id, int wanted, CancellationToken cancellation)
    {
        _lookup?.Add(id);
        if (_confirmed < _count && _tokens[_confirmed] == id)
        {
            _confirmed++;
            _accepted++;
            return;
        }

        DropGuesses();
        _tokens[0] = id;
        int room = Math.Min(Math.Min(_tokens.Length - 1, wanted - 1), _session.RoomForGuesses - 1);
        int guesses = _lookup is null || room < 1 ? 0 : _lookup.Propose(_tokens.AsSpan(1, room));
        (_count, _confirmed) = (0, 0); // should the reading fail
        if (guesses == 0)
        {
            _session.Read(_tokens.AsSpan(0, 1), cancellation: cancellation);
        }
        else
        {
            cancellation.ThrowIfCancellationRequested();
            _session.ReadEach(_tokens.AsSpan(0, 1 + guesses));
        }

        (_count, _confirmed) = (1 + guesses, 1);
        _passes++;
        _proposed += guesses;
    }

    /// <summary>Takes back what was read on trial and is not part of the text.</summary>
    public void DropGuesses()
    {
        if (_confirmed < _count)
        {
            _session.TakeBack(_count - _confirmed);
            _count = _confirmed;
        }
    }
}
