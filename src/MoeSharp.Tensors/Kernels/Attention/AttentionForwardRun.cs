using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Runs the forward pass of many sequences on the threads.</summary>
internal static unsafe class AttentionForwardRun
{
    /// <summary>Numbers that are worth a parallel region of their own when they are brought into a cache.</summary>
    private const long Many = 4096;

    /// <summary>Attention to keys and values of the same call.</summary>
    public static void Fresh(
        TensorScope scope, in AttentionShape shape, SequenceLayout layout, Tensor q, Tensor k, Tensor v, Tensor? sinks, Tensor output, Tensor? logSumExp)
    {
        Tensor runs = NewRuns(scope, layout.SequenceCount);
        int panels = 0;
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            panels += Chunks(layout.LengthOf(s));
        }

        int keyHeads = shape.KeyValueHeadCount;
        long panel = KeyValueView.ChunkBytes(DType.F32, shape.HeadSize), valueStride = shape.ValueStride * sizeof(float);
        Tensor packed = scope.New(new TensorShape(panels * keyHeads * (panel / sizeof(float))));
        byte* keys = (byte*)packed.Pointer;
        var plan = new AttentionPlan(shape, layout, scope.Workers.Count);
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            ref SequenceRun run = ref Runs(runs)[s];
            run = plan.Cut(s);
            run.Source = new KeyValueView
            {
                Keys = keys,
                Values = (byte*)v.Pointer + (run.Start * valueStride),
                ChunkStride = keyHeads * panel,
                HeadStride = panel,
                ValueChunkStride = AttentionShape.Chunk * valueStride,
                ValueHeadStride = shape.ValueHeadSize * sizeof(float),
                ValueSize = shape.ValueHeadSize,
                ValueRowStride = keyHeads * shape.ValueHeadSize,
            };
            keys += Chunks(run.Length) * keyHeads * panel;
        }

        scope.Workers.Run(panels * keyHeads, new PackWork(shape, runs, layout.SequenceCount, k));
        Attend(scope, shape, plan, runs, layout.SequenceCount, q, sinks, output, logSumExp);
        scope.Release(packed);
        scope.Release(runs);
    }

    /// <summary>Brings keys and values into the caches, which have counted them already, and attends to what they hold.</summary>
    public static void Cached(
        TensorScope scope, in AttentionShape shape, SequenceLayout layout, Tensor q, Tensor k, Tensor v, ReadOnlySpan<KeyValueCache> caches, int layer,
        Tensor? sinks, Tensor output)
    {
        Tensor runs = NewRuns(scope, layout.SequenceCount);
        var plan = new AttentionPlan(shape, layout, scope.Workers.Count);
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            ref SequenceRun run = ref Runs(runs)[s];
            run = plan.Cut(s);
            run.Source = caches[s][layer].View();
        }

        var append = new AppendWork(shape, runs, k, v);
        int items = layout.SequenceCount * shape.KeyValueHeadCount;
        if (k.Length + v.Length >= Many)
        {
            scope.Workers.Run(items, append);
        }
        else
        {
            for (int item = 0; item < items; item++)
            {
                append.Run(item, worker: 0);
            }
        }

        Attend(scope, shape, plan, runs, layout.SequenceCount, q, sinks, output, logSumExp: null);
        scope.Release(runs);
        for (int s = 0; s < caches.Length; s++)
        {
            GC.KeepAlive(caches[s]);
        }
    }

    private static void Attend(
        TensorScope scope, in AttentionShape shape, in AttentionPlan plan, Tensor runs, int sequences, Tensor q, Tensor? sinks, Tensor output, Tensor? logSumExp)
    {
        Tensor? states = plan.States == 0 ? null : scope.New(new TensorShape(plan.States));
        var tiles = new AttentionTiles(shape, runs, sequences, q, sinks, output, logSumExp, states);
        scope.Workers.Run(plan.Items, new TileWork(scope.Workers, shape, tiles));
        if (states is not null)
        {
            scope.Workers.Run(plan.Tiles, new JoinWork(scope.Workers, shape, tiles));
            scope.Release(states);
        }
    }

    private static int Chunks(int positions) => (positions + AttentionShape.Chunk - 1) / AttentionShape.Chunk;

    /// <summary>A table of sequences in tensor memory, so that a call allocates nothing on the managed heap.</summary>
    private static Tensor NewRuns(TensorScope scope, int sequences) =>
        scope.New(new TensorShape((((long)sequences * sizeof(SequenceRun)) + sizeof(float) - 1) / sizeof(float)));

    private static SequenceRun* Runs(Tensor memory) => (SequenceRun*)memory.Pointer;

    private readonly struct PackWork(AttentionShape shape, Tensor runs, int sequences, Tensor k) : IWork
    {
        public void Run(int item, int worker)
        {
            int head = item % shape.KeyValueHeadCount, chunk = item / shape.KeyValueHeadCount, s = 0;
            SequenceRun* run = Runs(runs);
            for (; s < sequences && chunk >= Chunks(run->Length); s++, run++)
            {
                chunk -= Chunks(run->Length);
            }

            long stride = shape.KeyStride;
            int first = chunk * AttentionShape.Chunk;
            float* rows = k.Pointer + ((run->Start + first) * stride) + (head * shape.HeadSize);
            KeyValuePackKernel.Panel(
                rows, stride, Math.Min(AttentionShape.Chunk, run->Length - first), shape.HeadSize, (float*)run->Source.KeyPanel(chunk, head));
        }
    }

    /// <summary>Brings one head of one sequence into its cache.</summary>
    private readonly struct AppendWork(AttentionShape shape, Tensor runs, Tensor k, Tensor v) : IWork
    {
        public void Run(int item, int worker)
        {
            (int sequence, int head) = Math.DivRem(item, shape.KeyValueHeadCount);
            ref readonly SequenceRun run = ref Unsafe.AsRef<SequenceRun>(Runs(runs) + sequence);
            KeyValuePackKernel.Append(
                run.Source, head, shape, k.Pointer + (run.Start * shape.KeyStride) + ((long)head * shape.HeadSize),
                v.Pointer + (run.Start * shape.ValueStride) + ((long)head * shape.ValueHeadSize), run.Past, run.Length);
        }
    }

    /// <summary>A tile, or a span of its keys.</summary>
    private readonly struct TileWork(Workers workers, AttentionShape shape, AttentionTiles tiles) : IWork
    {
        public void Run(int item, int worker) => AttentionForwardKernel.Run(
            shape, tiles.OfItem(item), workers.ScratchPointer(worker, AttentionScratch.Length(shape)));
    }

    /// <summary>Joins the spans of a tile, where they were items.</summary>
    private readonly struct JoinWork(Workers workers, AttentionShape shape, AttentionTiles tiles) : IWork
    {
        public void Run(int item, int worker)
        {
            if (tiles.TryJoin(item, out AttentionTile tile))
            {
                SpanMergeKernel.Run(shape, tile, workers.ScratchPointer(worker, SpanState.Length(shape, tile.Rows)));
            }
        }
    }
}
