using MoeSharp.Analysis;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Laws;

/// <summary>What a decoder promises, bit for bit.</summary>
public class DecoderLawTests
{
    public static TheoryData<string> Names => [.. SampleConfigs.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_prompt_may_be_cut_anywhere(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        int[] ids = SampleConfigs.Ids(77);
        foreach (DType type in new[] { DType.F32, DType.BF16 })
        {
            LogitsDump whole = LogitsDump.Run(decoder, ids, cacheType: type);
            foreach (int chunk in new[] { 1, 2, 3, 7, 8, 9, 64 })
            {
                Same(LogitsDump.Run(decoder, ids, cacheType: type, chunk: chunk), whole, $"{name} {type} cut every {chunk}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void With_a_cache_is_as_without(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        int[] ids = SampleConfigs.Ids(70);
        float[] cached = [.. LogitsDump.Run(decoder, ids, chunk: 1).Logits];
        Run(decoder, [ids]).ShouldBe(cached);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sequence_alone_is_as_in_a_batch(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        int[][] texts = [.. new[] { 1, 9, 33, 2, 64, 8, 7, 3 }.Select((length, i) => SampleConfigs.Ids(length, (ulong)i + 5))];
        float[] alone = [.. texts.SelectMany(text => Run(decoder, [text]))];
        Run(decoder, texts).ShouldBe(alone);
        Run(decoder, texts, cacheType: DType.F32).ShouldBe(alone);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_number_of_threads_changes_nothing(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        int[] ids = SampleConfigs.Ids(65);
        using var one = new Workers(1);
        LogitsDump expected = LogitsDump.Run(decoder, ids, one);
        for (int count = 2; count <= 4; count++)
        {
            using var workers = new Workers(count);
            Same(LogitsDump.Run(decoder, ids, workers), expected, $"{name} with {count} threads");
            Same(LogitsDump.Run(decoder, ids, workers, chunk: 5), expected, $"{name} with {count} threads, cut");
        }
    }

    [Fact]
    public void A_token_outside_the_window_is_not_seen()
    {
        Decoder decoder = SampleConfigs.Build("windowed");
        int reach = decoder.Config.LayerCount * (decoder.Config.SlidingWindow!.Value - 1);
        int[] ids = SampleConfigs.Ids(reach + 2);
        float[] before = LastRow(decoder, ids);
        ids[0] = (ids[0] + 1) % decoder.Config.VocabularySize;
        LastRow(decoder, ids).ShouldBe(before, "the first token is one too far");
        ids[1] = (ids[1] + 1) % decoder.Config.VocabularySize;
        LastRow(decoder, ids).ShouldNotBe(before, "the second is just in reach");
    }

    [Fact]
    public void A_later_token_changes_nothing_before_it()
    {
        foreach (string name in SampleConfigs.All.Keys)
        {
            Decoder decoder = SampleConfigs.Build(name);
            int[] ids = SampleConfigs.Ids(20);
            float[] before = Run(decoder, [ids]);
            ids[15] = (ids[15] + 1) % decoder.Config.VocabularySize;
            float[] after = Run(decoder, [ids]);
            int unchanged = 15 * decoder.Config.VocabularySize;
            after[..unchanged].ShouldBe(before[..unchanged], name);
            after[unchanged..].ShouldNotBe(before[unchanged..], name);
        }
    }

    [Fact]
    public void A_tied_head_adds_its_gradient_to_that_of_the_embedding()
    {
        Decoder tied = SampleConfigs.Build("windowed");
        var untied = new Decoder(tied.Config with { IsTied = false });
        foreach ((string name, Tensor tensor) in untied.State)
        {
            tied.State[name == "head.weight" ? "embedding.weight" : name].Span.CopyTo(tensor.Span);
        }

        foreach (Decoder decoder in new[] { tied, untied })
        {
            int[] ids = SampleConfigs.Ids(24);
            using var scope = new TensorScope(record: true);
            DecoderOutput output = decoder.Forward(scope, Indices.From(ids), SequenceLayout.Uniform(2, 12));
            scope.Tape!.Backward(CrossEntropyOp.Apply(output.RequiredLogits, [.. ids.Reverse()]));
        }

        float[] sum = untied.State["embedding.weight"].Gradient!.ToArray();
        float[] head = untied.State["head.weight"].Gradient!.ToArray();
        sum = [.. sum.Zip(head, (a, b) => a + b)];
        float[] together = tied.State["embedding.weight"].Gradient!.ToArray();
        float largest = sum.Max(Math.Abs);
        sum.Zip(together).ShouldAllBe(pair => Math.Abs(pair.First - pair.Second) <= 1e-5f * largest);
    }

    private static float[] LastRow(Decoder decoder, int[] ids) => Run(decoder, [ids])[^decoder.Config.VocabularySize..];

    private static float[] Run(Decoder decoder, int[][] texts, DType? cacheType = null)
    {
        using var scope = new TensorScope();
        SequenceLayout layout = SequenceLayout.FromLengths([.. texts.Select(text => text.Length)]);
        KeyValueCache[] caches = cacheType is { } type ? [.. texts.Select(_ => decoder.CreateCache(16, type))] : [];
        DecoderOutput output = decoder.Forward(scope, Indices.From([.. texts.SelectMany(text => text)]), layout, caches: caches);
        return output.RequiredLogits.ToArray();
    }

    private static void Same(LogitsDump actual, LogitsDump expected, string where)
    {
        actual.Logits.SequenceEqual(expected.Logits).ShouldBeTrue(where + ": logits");
        for (int index = 0; index < expected.Hidden.Count; index++)
        {
            actual.Hidden[index].SequenceEqual(expected.Hidden[index]).ShouldBeTrue($"{where}: hidden {index}");
        }

        for (int i = 0; i < expected.Routing.Count; i++)
        {
            actual.Routing[i].Ids.SequenceEqual(expected.Routing[i].Ids).ShouldBeTrue($"{where}: ids {i}");
            actual.Routing[i].Weights.SequenceEqual(expected.Routing[i].Weights).ShouldBeTrue($"{where}: weights {i}");
        }
    }
}
