namespace MoeSharp.Inference;

/// <summary>Guesses what comes next in a text from what followed its last tokens when they occurred before.</summary>
/// <remarks>
/// <para>The last three tokens, or else the last two, are looked up among all that were read, prompt and answer; the latest place counts.
/// What follows there is the guess; where that runs into the end of the text, the guess itself goes on, so a period repeats for ever.</para>
/// <para>How many tokens are worth proposing is learned from the text alone: at every token the guess is compared with what came, whether
/// it was proposed or not, and counted by the length of the match before it. With p the part that was right,
/// as many tokens are proposed as are right together at least every other time, <c>⌊ln ½ / ln p⌋</c>.</para>
/// <para>Memory: two numbers for each token and length. Deterministic; belongs to one text.</para>
/// <para>Source: prompt look-up decoding, Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding; the learned length is ours.</para>
/// </remarks>
internal sealed class PromptLookup
{
    private const int LongestMatch = 16;
    private const int LatestTries = 32; // older experience is halved away

    private readonly List<int> _tokens;
    private readonly Dictionary<long, int> _afterPair = [];
    private readonly Dictionary<(long Pair, int Last), int> _afterTriple = [];
    private readonly double[] _right = [2, 2, 2, 2]; // with the tries below: a guess is trusted at first, but for one token only
    private readonly double[] _tried = [3, 3, 3, 3];
    private int _next = -1;
    private int _match;

    /// <summary>Starts with a prompt.</summary>
    public PromptLookup(ReadOnlySpan<int> prompt)
    {
        _tokens = new List<int>(prompt.Length + 64);
        foreach (int token in prompt)
        {
            Add(token);
        }
    }

    /// <summary>Tells the next token of the text.</summary>
    public void Add(int token)
    {
        bool isRight = _next >= 0 && _tokens[_next] == token;
        if (_next >= 0)
        {
            Learn(isRight);
        }

        int count = _tokens.Count;
        if (count >= 2)
        {
            _afterPair[Pair(count)] = count;
        }

        if (count >= 3)
        {
            _afterTriple[Triple(count)] = count;
        }

        _tokens.Add(token);
        if (isRight)
        {
            _next++;
            _match = Math.Min(_match + 1, LongestMatch);
        }
        else
        {
            Find();
        }
    }

    /// <summary>Writes what probably comes next.</summary>
    /// <param name="tokens">Room for as many as are wanted at most.</param>
    /// <returns>How many were written.</returns>
    public int Propose(Span<int> tokens)
    {
        if (_next < 0)
        {
            return 0;
        }

        int count = Math.Min(Worthwhile(), tokens.Length);
        for (int i = 0; i < count; i++)
        {
            int source = _next + i;
            tokens[i] = source < _tokens.Count ? _tokens[source] : tokens[source - _tokens.Count];
        }

        return count;
    }

    private int Worthwhile()
    {
        double part = _right[Kind] / _tried[Kind];
        return part < 0.5 ? 0 : part >= 0.999 ? int.MaxValue : (int)(Math.Log(0.5) / Math.Log(part));
    }

    // Matches of 2, of 3, of 4 to 7, and of 8 and more tokens are trusted differently.
    private int Kind => _match switch { 2 => 0, 3 => 1, < 8 => 2, _ => 3 };

    private void Learn(bool isRight)
    {
        int kind = Kind;
        _tried[kind]++;
        _right[kind] += isRight ? 1 : 0;
        if (_tried[kind] > LatestTries)
        {
            _tried[kind] /= 2;
            _right[kind] /= 2;
        }
    }

    private void Find()
    {
        int count = _tokens.Count, next = -1;
        if ((count < 3 || !_afterTriple.TryGetValue(Triple(count), out next)) && (count < 2 || !_afterPair.TryGetValue(Pair(count), out next)))
        {
            _next = -1;
            return;
        }

        _next = next;
        _match = 0;
        while (_match < LongestMatch && _match < next && _tokens[next - 1 - _match] == _tokens[count - 1 - _match])
        {
            _match++;
        }
    }

    private long Pair(int end) => ((long)_tokens[end - 2] << 32) | (uint)_tokens[end - 1];

    private (long, int) Triple(int end) => (((long)_tokens[end - 3] << 32) | (uint)_tokens[end - 2], _tokens[end - 1]);
}
