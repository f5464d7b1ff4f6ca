namespace MoeSharp.Analysis.Scoring;

/// <summary>Counts <see cref="ExpertAgreement"/> step by step.</summary>
internal sealed class AgreementCounter(int layer, int expertCount)
{
    private readonly long[] _first = new long[expertCount];
    private readonly long[] _second = new long[expertCount];
    private readonly long[] _both = new long[expertCount];
    private long _tokens;
    private long _same;

    public int ExpertCount => expertCount;

    /// <summary>Adds tokens.</summary>
    /// <param name="first">Choices of the first model <c>[T·K]</c>; −1 for none.</param>
    /// <param name="firstTopK">K of the first model.</param>
    /// <param name="second">Choices of the second model.</param>
    /// <param name="secondTopK">K of the second model.</param>
    public void Add(ReadOnlySpan<int> first, int firstTopK, ReadOnlySpan<int> second, int secondTopK)
    {
        int tokens = first.Length / firstTopK;
        for (int token = 0; token < tokens; token++)
        {
            ReadOnlySpan<int> mine = first.Slice(token * firstTopK, firstTopK), theirs = second.Slice(token * secondTopK, secondTopK);
            bool isSame = true;
            foreach (int id in mine)
            {
                if (id < 0)
                {
                    continue;
                }

                bool isShared = theirs.Contains(id);
                _first[id]++;
                _both[id] += isShared ? 1 : 0;
                isSame &= isShared;
            }

            foreach (int id in theirs)
            {
                if (id >= 0)
                {
                    _second[id]++;
                    isSame &= mine.Contains(id);
                }
            }

            _tokens++;
            _same += isSame ? 1 : 0;
        }
    }

    public ExpertAgreement Result() =>
        new(layer, _tokens, _both.Sum() / (double)Math.Max(1, _first.Sum()), _same / (double)Math.Max(1, _tokens), _first, _second, _both);
}
