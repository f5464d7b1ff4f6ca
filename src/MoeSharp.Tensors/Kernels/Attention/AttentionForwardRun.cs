using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Cuts the forward pass of many sequences into tiles and runs them on the threads.</summary>
internal static unsafe class AttentionForwardRun
{
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
        long panel = (long)shape.HeadSize * AttentionShape.Chunk;
        Tensor packed = scope.New(new TensorShape((long)panels * keyHeads * panel));
        byte* keys = (byte*)packed.Pointer;
        int items = 0;
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            ref SequenceRun run = ref Runs(runs)[s];
            run = Cut(shape, layout, s, ref items);
            run.Source = new KeyValueView
            {
                Keys = keys,
                Values = (byte*)(v.Pointer + ((long)run.Start * keyHeads * shape.ValueHeadSize)),
                KeyChunkStride = keyHeads * panel,
                KeyHeadStride = panel,
                ValueChunkStride = (long)AttentionShape.Chunk * keyHeads * shape.ValueHeadSize,
                ValueHeadStride = shape.ValueHeadSize,
                ValueRowStride = keyHeads * shape.ValueHeadSize,
            };
            keys += Chunks(run.Length) * keyHeads * panel * sizeof(float);
        }

        scope.Workers.Run(panels * keyHeads, new PackWork(shape, runs, layout.SequenceCount, k));
        Attend(scope, shape, runs, items, layout.SequenceCount, q, sinks, output, logSumExp);
        scope.Release(packed);
        scope.Release(runs);
    }

    /// <summary>Attention to what the caches hold.</summary>
    public static void Cached(
        TensorScope scope, in AttentionShape shape, SequenceLayout layout, Tensor q, ReadOnlySpan<KeyValueCache> caches, int layer, Tensor? sinks, Tensor output)
    {
        Tensor runs = NewRuns(scope, layout.SequenceCount);
        int items = 0;
        for (int s = 0; s < layout.SequenceCount; s++)
        {
            ref SequenceRun run = ref Runs(runs)[s];
            run = Cut(shape, layout, s, ref items);
            run.Source = caches[s][layer].View();
        }

        Attend(scope, shape, runs, items, layout.SequenceCount, q, sinks, output, logSumExp: null);
        scope.Release(runs);
        for (int s = 0; s < caches.Length; s++)
        {
            GC.KeepAlive(caches[s]);
        }
    }

    private static void Attend(
        TensorScope scope, in AttentionShape shape, Tensor runs, int items, int sequences, Tensor q, Tensor? sinks, Tensor output, Tensor? logSumExp)
    {
        scope.Workers.Run(items, new TileWork(scope.Workers, shape, runs, sequences, q, sinks, output, logSumExp));
    }

    private static int Chunks(int positions) => (positions + AttentionShape.Chunk - 1) / AttentionShape.Chunk;

    /// <summary>A table of sequences in tensor memory, so that a call allocates nothing on the managed heap.</summary>
    private static Tensor NewRuns(TensorScope scope, int sequences) =>
        scope.New(new TensorShape((((long)sequences * sizeof(SequenceRun)) + sizeof(float) - 1) / sizeof(float)));

    private static SequenceRun* Runs(Tensor memory) => (SequenceRun*)memory.Pointer;

    /// <summary>Few positions: a tile is the heads that share keys, so the keys are read once. Many: positions of one head.</summary>
    private static SequenceRun Cut(in AttentionShape shape, SequenceLayout layout, int sequence, ref int items)
    {
        int length = layout.LengthOf(sequence);
        bool byHeads = length <= shape.GroupSize;
        int tiles = byHeads
            ? length * ((shape.GroupSize + AttentionShape.TileRows - 1) / AttentionShape.TileRows)
            : (length + AttentionShape.TileRows - 1) / AttentionShape.TileRows;
        var run = new SequenceRun
        {
            FirstItem = items,
            Start = layout.StartOf(sequence),
            Length = length,
            Past = layout.PastOf(sequence),
            Tiles = tiles,
            ByHeads = byHeads,
        };
        items += tiles * (byHeads ? shape.KeyValueHeadCount : shape.HeadCount);
        return run;
    }

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

    private readonly struct TileWork(
        Workers workers, AttentionShape shape, Tensor runs, int sequences, Tensor q, Tensor? sinks, Tensor output, Tensor? logSumExp) : IWork
    {
        public void Run(int item, int worker)
        {
            ref readonly SequenceRun run = ref Find(item);
            int local = item - run.FirstItem;
            int head, row, rows, group = shape.GroupSize;
            if (run.ByHeads)
            {
                int slices = run.Tiles / run.Length;
                int slice = local % slices;
                row = local / slices % run.Length;
                int first = slice * AttentionShape.TileRows;
                head = (local / run.Tiles * group) + first;
                rows = Math.Min(AttentionShape.TileRows, group - first);
            }
            else
            {
                // The last tile sees the most keys: it goes first, so that threads end together.
                row = (run.Tiles - 1 - (local % run.Tiles)) * AttentionShape.TileRows;
                head = local / run.Tiles;
                rows = Math.Min(AttentionShape.TileRows, run.Length - row);
            }

            long queryStride = shape.QueryStride, outputStride = shape.OutputStride;
            long flatRow = run.Start + row;
            var tile = new AttentionTile
            {
                Source = run.Source,
                KeyValueHead = head / group,
                KeyCount = run.Past + run.Length,
                Rows = rows,
                Position = run.Past + row,
                PositionStep = run.ByHeads ? 0 : 1,
                Queries = q.Pointer + (flatRow * queryStride) + (head * shape.HeadSize),
                QueryStride = run.ByHeads ? shape.HeadSize : queryStride,
                Sinks = sinks is null ? null : sinks.Pointer + head,
                SinkStep = run.ByHeads ? 1 : 0,
                Output = output.Pointer + (flatRow * outputStride) + (head * shape.ValueHeadSize),
                OutputStride = run.ByHeads ? shape.ValueHeadSize : outputStride,
                LogSumExp = logSumExp is null ? null : logSumExp.Pointer + (flatRow * shape.HeadCount) + head,
                LogSumExpStride = run.ByHeads ? 1 : shape.HeadCount,
            };
            AttentionForwardKernel.Run(shape, tile, workers.ScratchPointer(worker, AttentionForwardKernel.ScratchLength(shape)));
        }

        /// <summary>The sequence of an item, by bisection.</summary>
        private ref readonly SequenceRun Find(int item)
        {
            SequenceRun* table = Runs(runs);
            int low = 0, high = sequences - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (table[middle].FirstItem <= item)
                {
                    low = middle;
                }
                else
                {
                    high = middle - 1;
                }
            }

            return ref Unsafe.AsRef<SequenceRun>(table + low);
        }
    }
}
