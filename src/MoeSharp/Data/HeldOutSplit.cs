using MoeSharp.Tensors;

namespace MoeSharp.Data;

/// <summary>Which part of a corpus is kept for measuring.</summary>
/// <remarks>A value: the same split of the same corpus is always the same text.</remarks>
public sealed record HeldOutSplit
{
    private HeldOutSplit(double share, ulong seed, bool wholeDocuments)
    {
        if (!(share > 0 && share < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), $"held-out text: the share is {share}. It must be between 0 and 1.");
        }

        Share = share;
        Seed = seed;
        WholeDocuments = wholeDocuments;
    }

    /// <summary>Share of the tokens.</summary>
    public double Share { get; }

    /// <summary>Seed of the order in which whole documents are tried.</summary>
    public ulong Seed { get; }

    /// <summary>Whether whole documents are held out; else the last part of each.</summary>
    public bool WholeDocuments { get; }

    /// <summary>
    /// Whole documents: they are looked at in a random order fixed by the seed, and one is held out when the held-out tokens do not exceed the share with it.
    /// When all are too long, the shortest document is held out. Measures how a model does on works it has never seen.
    /// </summary>
    public static HeldOutSplit Documents(double share, ulong seed = 0) => new(share, seed, wholeDocuments: true);

    /// <summary>The last part of every document, counted in tokens and rounded down. Measures on the same mixture as the training text.</summary>
    public static HeldOutSplit Tails(double share) => new(share, 0, wholeDocuments: false);

    /// <summary>A short form for messages.</summary>
    public override string ToString() => WholeDocuments ? $"holding out documents for {Share:P1} (seed {Seed})" : $"holding out the last {Share:P1}";

    /// <summary>Deals the documents out; both lists keep the order of the corpus.</summary>
    internal void Divide(TokenCorpus corpus, List<TokenDocument> training, List<TokenDocument> heldOut)
    {
        HashSet<int> chosen = WholeDocuments ? Choose(corpus) : [];
        for (int index = 0; index < corpus.Documents.Count; index++)
        {
            TokenDocument document = corpus.Documents[index];
            int tail = WholeDocuments ? (chosen.Contains(index) ? document.Length : 0) : (int)(document.Length * Share);
            int head = document.Length - tail;
            if (head > 0)
            {
                training.Add(document with { Length = head });
            }

            if (tail > 0)
            {
                heldOut.Add(document with { Start = document.Start + head, Length = tail });
            }
        }
    }

    private HashSet<int> Choose(TokenCorpus corpus)
    {
        var random = new Rng(Seed);
        int[] order = [.. Enumerable.Range(0, corpus.Documents.Count).OrderBy(index => random.BitsAt((ulong)index))];
        double room = Share * corpus.TokenCount;
        var chosen = new HashSet<int>();
        foreach (int index in order)
        {
            int length = corpus.Documents[index].Length;
            if (length <= room && chosen.Count + 1 < order.Length)
            {
                chosen.Add(index);
                room -= length;
            }
        }

        if (chosen.Count == 0 && order.Length > 1)
        {
            chosen.Add(order.MinBy(index => (corpus.Documents[index].Length, index)));
        }

        return chosen;
    }
}
