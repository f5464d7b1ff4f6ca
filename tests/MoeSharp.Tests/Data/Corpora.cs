using System.Text;
using MoeSharp.Data;
using MoeSharp.Text;
using MoeSharp.Text.Training;

namespace MoeSharp.Tests.Data;

/// <summary>Small corpora for tests.</summary>
internal static class Corpora
{
    /// <summary>Documents of the given lengths in tokens (one token a letter, plus the end token), with letters that tell the documents apart.</summary>
    public static TokenCorpus OfLengths(params int[] lengths)
    {
        IEnumerable<CorpusDocument> documents = lengths.Select((length, index) =>
            new CorpusDocument($"d{index}", Encoding.UTF8.GetBytes(new string((char)('a' + (index % 26)), length - 1))));
        return TokenCorpus.Tokenize(documents, Bytes(), 0);
    }

    /// <summary>A tokenizer whose tokens are single bytes: id = byte + 1.</summary>
    public static Tokenizer Bytes() => TokenizerTrainer.Train([new ReadOnlyMemory<byte>([65])], 257);
}
