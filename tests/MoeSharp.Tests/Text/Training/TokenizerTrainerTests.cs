using System.Text;
using MoeSharp.Tensors;
using MoeSharp.Text;
using MoeSharp.Text.Training;

namespace MoeSharp.Tests.Text.Training;

public class TokenizerTrainerTests
{
    [Fact]
    public void The_most_frequent_pair_merges_first_and_equal_counts_take_the_lower_ids()
    {
        // ab occurs 3 times; cd and ef twice each, so cd comes first: c is the lower byte.
        Tokenizer tokenizer = Train(259, "ab\nab\nab", "\nef\nef\ncd\ncd");
        int first = 257;
        tokenizer.TokenOf(first).ShouldBe("ab");
        tokenizer.TokenOf(first + 1).ShouldBe("cd", "equal counts: 'c' is before 'e'");
        tokenizer.VocabularySize.ShouldBe(259);
    }

    [Fact]
    public void A_corpus_trains_to_the_same_file_every_time()
    {
        string[] corpus = [Words(1), Words(2)];
        Saved(Train(500, corpus)).ShouldBe(Saved(Train(500, corpus)));
    }

    [Fact]
    public void Training_equals_the_slow_definition()
    {
        // The definition: count all pairs anew before each merge.
        string text = Words(7);
        Tokenizer tokenizer = Train(320, text);
        List<List<string>> words = [.. SplitLikeGpt2(text).Select(word => word.Select(character => character.ToString()).ToList())];
        var ids = Enumerable.Range(0, 257).Where(id => id > 0).ToDictionary(id => Encoding.Latin1.GetString([(byte)(id - 1)]), id => id);
        for (int next = 257; next < 320; next++)
        {
            var counts = new Dictionary<(string, string), int>();
            foreach (List<string> word in words)
            {
                for (int index = 0; index + 1 < word.Count; index++)
                {
                    counts[(word[index], word[index + 1])] = counts.GetValueOrDefault((word[index], word[index + 1])) + 1;
                }
            }

            (string left, string right) = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => ids[pair.Key.Item1]).ThenBy(pair => ids[pair.Key.Item2]).First().Key;
            ids[left + right] = next;
            tokenizer.DecodeBytes([next]).ShouldBe(Encoding.Latin1.GetBytes(left + right), $"merge {next - 257}");
            foreach (List<string> word in words)
            {
                for (int index = 0; index + 1 < word.Count; index++)
                {
                    if (word[index] == left && word[index + 1] == right)
                    {
                        word[index] = left + right;
                        word.RemoveAt(index + 1);
                    }
                }
            }
        }
    }

    [Fact]
    public void Any_bytes_come_back_exactly_after_saving_and_loading()
    {
        Tokenizer tokenizer = Tokenizer.Parse(Encoding.UTF8.GetBytes(Saved(Train(400, Words(3)))));
        tokenizer.CoversAllBytes.ShouldBeTrue();
        var random = new Rng(17);
        for (int round = 0; round < 300; round++)
        {
            var bytes = new byte[random.NextInt(70)];
            for (int index = 0; index < bytes.Length; index++)
            {
                bytes[index] = (byte)random.NextInt(round % 3 == 0 ? 128 : 256);
            }

            tokenizer.DecodeBytes(tokenizer.Encode(bytes)).ShouldBe(bytes, $"round {round}");
            string text = Encoding.UTF8.GetString(bytes);
            tokenizer.Decode(tokenizer.Encode(text)).ShouldBe(text, $"round {round}");
        }
    }

    [Fact]
    public void A_special_tokens_text_is_text_unless_it_is_asked_for()
    {
        Tokenizer tokenizer = Train(300, string.Concat(Enumerable.Repeat("endoftext <|endoftext|>", 50)));
        int[] plain = tokenizer.Encode("a<|endoftext|>b");
        plain.ShouldNotContain(0);
        tokenizer.Decode(plain).ShouldBe("a<|endoftext|>b");
        tokenizer.Encode("a<|endoftext|>b", recogniseSpecial: true).ShouldBe([.. tokenizer.Encode("a"), 0, .. tokenizer.Encode("b")]);
        tokenizer.Decode([0], skipSpecial: true).ShouldBe(string.Empty);
    }

    [Fact]
    public void No_merge_spells_a_special_token()
    {
        ReadOnlyMemory<byte> text = Encoding.UTF8.GetBytes("stop stop stop stop stop");
        Tokenizer tokenizer = TokenizerTrainer.Train([text], 300, ["stop"], cancellationToken: TestContext.Current.CancellationToken);
        tokenizer.Encode("stop").ShouldNotContain(0);
        tokenizer.Decode(tokenizer.Encode("stop")).ShouldBe("stop");
    }

    [Fact]
    public void Faults_name_the_value_and_the_cure()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => Train(256, "text")).Message.ShouldContain("is 256. It must be at least 257");
        Should.Throw<ArgumentException>(() => Train(300)).Message.ShouldContain("the corpus is empty");
        Should.Throw<ArgumentException>(() => TokenizerTrainer.Train([new ReadOnlyMemory<byte>([65])], 300, ["a"], cancellationToken: TestContext.Current.CancellationToken)).Message.ShouldContain("'a'");
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Should.Throw<OperationCanceledException>(
            () => TokenizerTrainer.Train([new ReadOnlyMemory<byte>([65, 66])], 300, cancellationToken: stopped.Token));
    }

    private static Tokenizer Train(int size, params string[] documents) =>
        TokenizerTrainer.Train(documents.Select(text => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text)), size, cancellationToken: TestContext.Current.CancellationToken);

    private static string Saved(Tokenizer tokenizer)
    {
        using var stream = new MemoryStream();
        tokenizer.Write(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Words(ulong seed)
    {
        var random = new Rng(seed);
        var text = new StringBuilder();
        for (int word = 0; word < 400; word++)
        {
            for (int length = 1 + random.NextInt(6); length > 0; length--)
            {
                text.Append((char)('a' + random.NextInt(6)));
            }

            text.Append(random.NextInt(9) == 0 ? '\n' : ' ');
        }

        return text.ToString();
    }

    private static IEnumerable<string> SplitLikeGpt2(string text) =>
        System.Text.RegularExpressions.Regex.Matches(text, @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+").Select(match => match.Value);
}
