using System.Text;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;
using MoeSharp.Text;

namespace MoeSharp.Analysis.Speed;

/// <summary>Measures how fast a tokenizer reads.</summary>
public static class TextSpeed
{
    private const int TextBytes = 1 << 20;
    private const int WordCount = 20_000;

    private static readonly string[] s_syllables =
        ["a", "an", "ber", "co", "de", "er", "est", "fi", "ing", "ka", "le", "lo", "ment", "mi", "ne", "or", "pre", "ra", "sh", "sta", "ter", "tion", "un", "ve"];

    /// <summary><c>tokenize</c>: megabytes (10⁶ bytes) of text a second, one thread.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">How to measure; null for the defaults.</param>
    public static SpeedMeasure Measure(Tokenizer tokenizer, SpeedOptions? options = null)
    {
        options ??= new SpeedOptions();
        byte[] text = Encoding.UTF8.GetBytes(WriteText());
        int tokens = tokenizer.Encode(text).Length;
        double[] speeds = new double[options.Repeats];
        for (int i = 0; i < speeds.Length; i++)
        {
            speeds[i] = text.Length / 1e6 / BestTime.Once(() => tokenizer.Encode(text), options.ProcessorTime);
        }

        return new SpeedMeasure
        {
            Name = "tokenize",
            Unit = "MB/s",
            Values = speeds,
            Peak = "bandwidthGBs.t1",
            Rate = SpeedMeasure.MedianOf(speeds) / 1e3,
            Facts = new Dictionary<string, double> { ["bytes"] = text.Length, ["bytesPerToken"] = (double)text.Length / Math.Max(1, tokens) },
        };
    }

    /// <summary>Sentences of made-up words, few of them frequent and most of them rare, as words of a language are.</summary>
    internal static string WriteText()
    {
        var rng = new Rng(3);
        string[] words = new string[WordCount];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = string.Concat(Enumerable.Range(0, 1 + rng.NextInt(i < 200 ? 2 : 4)).Select(_ => s_syllables[rng.NextInt(s_syllables.Length)]));
        }

        var text = new StringBuilder(TextBytes + 32);
        for (int left = 0; text.Length < TextBytes; left--)
        {
            bool isFirst = left <= 0;
            if (isFirst)
            {
                left = 5 + rng.NextInt(15);
                text.Append(text.Length == 0 ? "" : rng.NextInt(5) == 0 ? ".\n\n" : ". ");
            }
            else
            {
                text.Append(rng.NextInt(12) == 0 ? ", " : " ");
            }

            string word = rng.NextInt(40) == 0
                ? rng.NextInt(3000).ToString(System.Globalization.CultureInfo.InvariantCulture)
                : words[(int)Math.Exp(rng.NextDouble() * Math.Log(WordCount)) - 1]; // the k-th word with a share of 1/k
            text.Append(isFirst ? char.ToUpperInvariant(word[0]) : word[0]).Append(word, 1, word.Length - 1);
        }

        return text.ToString();
    }
}
