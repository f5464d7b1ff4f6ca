using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Autograd.Ops;

/// <summary>The promise: a row's bits depend on its own query and on what it sees, and on nothing else.</summary>
public class AttentionBitsTests
{
    private static readonly Workers s_one = new(1);

    public static TheoryData<string, DType> Kinds
    {
        get
        {
            var data = new TheoryData<string, DType>();
            foreach (string kind in (string[])["plain", "grouped", "window", "sinks", "cap", "value size", "blocks", "blocks and window", "all"])
            {
                data.Add(kind, DType.F32);
                data.Add(kind, DType.BF16);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_prompt_may_be_cut_anywhere(string kind, DType type)
    {
        const int length = 150;
        AttentionOptions options = AttentionOpTests.Options(kind);
        Sequence sequence = new(7, length, options);
        float[] whole = sequence.Run(options, type, s_one, length);
        foreach (int[] cuts in (int[][])[[1, 149], [2, 3, 7, 8, 9, 64, 57], [64, 64, 22], [63, 1, 1, 85], [.. Enumerable.Repeat(1, length)]])
        {
            sequence.Run(options, type, s_one, cuts).ShouldBe(whole, $"{kind} {type}, cuts {string.Join(' ', cuts.Take(8))}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Other_sequences_and_threads_change_nothing(string kind, DType type)
    {
        AttentionOptions options = AttentionOpTests.Options(kind);
        int[] lengths = [1, 2, 3, 7, 8, 9, 64, 130];
        Sequence[] sequences = [.. lengths.Select((length, i) => new Sequence((ulong)(10 * i) + 1, length + 1, options))];
        float[][] alone = [.. sequences.Select(s => s.Run(options, type, s_one, s.Length - 1, 1))];
        for (int threads = 1; threads <= 4; threads++)
        {
            using var workers = new Workers(threads);
            KeyValueCache[] caches = [.. sequences.Select(_ => Sequence.NewCache(options, type))];
            using var scope = new TensorScope(workers: workers);
            float[][] prompt = Batch(scope, sequences, caches, options, s => (0, s.Length - 1));
            float[][] next = Batch(scope, sequences, caches, options, s => (s.Length - 1, 1));
            for (int i = 0; i < sequences.Length; i++)
            {
                ((float[])[.. prompt[i], .. next[i]]).ShouldBe(alone[i], $"{kind} {type}, sequence {i}, {threads} threads");
            }
        }
    }

    [Theory]
    [InlineData("grouped")]
    [InlineData("all")]
    public void Training_gives_the_bits_of_a_float32_cache(string kind)
    {
        AttentionOptions options = AttentionOpTests.Options(kind);
        Sequence sequence = new(3, 140, options);
        using var scope = new TensorScope(workers: s_one);
        Tensor y = AttentionOp.Apply(
            scope.From(sequence.Q.Span, sequence.Q.Shape), sequence.K, sequence.V, SequenceLayout.Uniform(1, 140), options);
        y.ToArray().ShouldBe(sequence.Run(options, DType.F32, s_one, 100, 40));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("all")]
    public void Documents_do_not_leak_into_one_another(string kind)
    {
        // The middle document becomes NaN: not one bit of the others may change, forward or backward.
        AttentionOptions options = AttentionOpTests.Options(kind);
        SequenceLayout layout = SequenceLayout.FromLengths([70, 30, 81]);
        (float[] Output, float[] Dq, float[] Dk, float[] Dv) clean = Train(layout, options, Workers.Default, 0f);
        (float[] Output, float[] Dq, float[] Dk, float[] Dv) dirty = Train(layout, options, Workers.Default, float.NaN);
        foreach ((float[] a, float[] b) in ((float[], float[])[])[(clean.Output, dirty.Output), (clean.Dq, dirty.Dq), (clean.Dk, dirty.Dk), (clean.Dv, dirty.Dv)])
        {
            int columns = a.Length / 181;
            b[..(70 * columns)].ShouldBe(a[..(70 * columns)]);
            b[(100 * columns)..].ShouldBe(a[(100 * columns)..]);
            b[(70 * columns)..(100 * columns)].ShouldAllBe(x => float.IsNaN(x));
        }
    }

    [Fact]
    public void Gradients_do_not_depend_on_threads()
    {
        AttentionOptions options = AttentionOpTests.Options("grouped");
        SequenceLayout layout = SequenceLayout.FromLengths([70, 30, 81, 1, 5]);
        (float[] Output, float[] Dq, float[] Dk, float[] Dv) one = Train(layout, options, s_one, 0f);
        using var three = new Workers(3);
        (float[] Output, float[] Dq, float[] Dk, float[] Dv) many = Train(layout, options, three, 0f);
        many.Output.ShouldBe(one.Output);
        many.Dq.ShouldBe(one.Dq);
        many.Dk.ShouldBe(one.Dk);
        many.Dv.ShouldBe(one.Dv);
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void Decoding_allocates_nothing(DType type)
    {
        AttentionOptions options = AttentionOpTests.Options("grouped");
        Sequence sequence = new(5, 1, options);
        KeyValueCache[] caches = [Sequence.NewCache(options, type), Sequence.NewCache(options, type)];
        using var scope = new TensorScope(workers: s_one);
        var layout = new SequenceLayout();
        float[] rows = new float[2 * sequence.Q.Columns];
        long before = 0;
        for (int step = 0; step < 60; step++)
        {
            if (step == 20)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            scope.Reset();
            layout.Clear();
            layout.Add(1, step).Add(1, step);
            Tensor q = scope.From(rows, new(2, sequence.Q.Columns)), k = scope.Zeros(new(2, sequence.K.Columns)), v = scope.Zeros(new(2, sequence.V.Columns));
            AttentionOp.ApplyCached(q, k, v, layout, caches, 0, options);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static float[][] Batch(
        TensorScope scope, Sequence[] sequences, KeyValueCache[] caches, AttentionOptions options, Func<Sequence, (int Start, int Count)> part)
    {
        var layout = new SequenceLayout();
        List<float> q = [], k = [], v = [];
        foreach (Sequence s in sequences)
        {
            (int start, int count) = part(s);
            layout.Add(count, start);
            q.AddRange(Rows(s.Q, start, count));
            k.AddRange(Rows(s.K, start, count));
            v.AddRange(Rows(s.V, start, count));
        }

        int rows = layout.RowCount;
        float[] y = AttentionOp.ApplyCached(
            scope.From(q.ToArray(), new(rows, q.Count / rows)), scope.From(k.ToArray(), new(rows, k.Count / rows)),
            scope.From(v.ToArray(), new(rows, v.Count / rows)), layout, caches, 0, options).ToArray();
        int columns = y.Length / rows;
        return [.. sequences.Select((s, i) => y[(layout.StartOf(i) * columns)..((layout.StartOf(i) + layout.LengthOf(i)) * columns)])];
    }

    private static float[] Rows(Tensor tensor, int start, int count) =>
        tensor.Span.Slice(start * tensor.Columns, count * tensor.Columns).ToArray();

    private static (float[] Output, float[] Dq, float[] Dk, float[] Dv) Train(SequenceLayout layout, AttentionOptions options, Workers workers, float poison)
    {
        Sequence s = new(9, layout.RowCount, options);
        foreach (Tensor input in new[] { s.Q, s.K, s.V })
        {
            input.NeedsGradient = true;
            for (int i = layout.StartOf(1); i < layout.StartOf(2); i++)
            {
                foreach (ref float x in input.Row(i))
                {
                    x += poison;
                }
            }
        }

        using var scope = new TensorScope(workers: workers, record: true);
        Tensor y = AttentionOp.Apply(AddOp.Apply(scope.Zeros(s.Q.Shape), s.Q), s.K, s.V, layout, options);
        scope.Tape!.Backward(y, AttentionOpTests.Random(4, y.Rows, y.Columns));
        return (y.ToArray(), s.Q.Gradient!.ToArray(), s.K.Gradient!.ToArray(), s.V.Gradient!.ToArray());
    }

    private sealed class Sequence(ulong seed, int length, AttentionOptions options)
    {
        public int Length => length;

        public Tensor Q { get; } = AttentionOpTests.Random(seed, length, options.HeadCount * options.HeadSize);

        public Tensor K { get; } = AttentionOpTests.Random(seed + 1, length, options.KeyValueHeadCount * options.HeadSize);

        public Tensor V { get; } = AttentionOpTests.Random(seed + 2, length, options.KeyValueHeadCount * options.ValueHeadSize);

        public static KeyValueCache NewCache(AttentionOptions o, DType type) => new(1, o.KeyValueHeadCount, o.HeadSize, o.ValueHeadSize, 64, type);

        public float[] Run(AttentionOptions o, DType type, Workers workers, params int[] cuts)
        {
            KeyValueCache[] caches = [NewCache(o, type)];
            var output = new List<float>();
            int start = 0;
            foreach (int count in cuts)
            {
                using var scope = new TensorScope(workers: workers);
                output.AddRange(Batch(scope, [this], caches, o, _ => (start, count))[0]);
                start += count;
            }

            return [.. output];
        }
    }
}
