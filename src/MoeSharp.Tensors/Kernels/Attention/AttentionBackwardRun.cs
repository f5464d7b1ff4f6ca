namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Runs the backward pass: one item for each sequence and key head.</summary>
internal static unsafe class AttentionBackwardRun
{
    public static void Run(
        TensorScope scope, in AttentionShape shape, SequenceLayout layout, Tensor q, Tensor k, Tensor v, Tensor? sinks, Tensor output, Tensor outputGradient, Tensor logSumExp)
    {
        Tensor delta = scope.New(new TensorShape(q.Rows, shape.HeadCount));
        Tensor? dq = Target(q, out bool clearQ), dk = Target(k, out bool clearK), dv = Target(v, out bool clearV);
        var work = new HeadWork(
            scope.Workers, shape, layout, q, k, v, output, outputGradient, logSumExp, delta, dq, dk, dv, clearQ, clearK, clearV);
        scope.Workers.Run(layout.SequenceCount * shape.KeyValueHeadCount, work);
        if (sinks is { NeedsGradient: true })
        {
            SinkGradient(shape, sinks, logSumExp, delta);
        }

        scope.Release(delta);
    }

    /// <summary>The gradient buffer, and whether the items must set their part of it to 0 before they add to it.</summary>
    private static Tensor? Target(Tensor input, out bool clear)
    {
        clear = false;
        if (!input.NeedsGradient)
        {
            return null;
        }

        Tensor gradient = input.GradientFor(out bool accumulate);
        clear = !accumulate;
        return gradient;
    }

    /// <summary>A sink's weight is exp(sink − lse) and its value 0: ds = −Σ weight·δ.</summary>
    private static void SinkGradient(in AttentionShape shape, Tensor sinks, Tensor logSumExp, Tensor delta)
    {
        Span<float> target = sinks.GradientFor(out bool accumulate).Span;
        Span<float> values = sinks.Span;
        for (int head = 0; head < shape.HeadCount; head++)
        {
            double sum = 0;
            for (int row = 0; row < delta.Rows; row++)
            {
                sum -= (double)MathF.Exp(values[head] - logSumExp.Row(row)[head]) * delta.Row(row)[head];
            }

            target[head] = (float)(sum + (accumulate ? target[head] : 0));
        }
    }

    private readonly struct HeadWork(
        Workers workers, AttentionShape shape, SequenceLayout layout, Tensor q, Tensor k, Tensor v, Tensor output, Tensor outputGradient,
        Tensor logSumExp, Tensor delta, Tensor? dq, Tensor? dk, Tensor? dv, bool clearQ, bool clearK, bool clearV) : IWork
    {
        public void Run(int item, int worker)
        {
            int sequence = item / shape.KeyValueHeadCount;
            int start = layout.StartOf(sequence);
            var task = new AttentionGradientTask
            {
                Length = layout.LengthOf(sequence),
                KeyValueHead = item % shape.KeyValueHeadCount,
                Queries = Row(q, start),
                Keys = Row(k, start),
                Values = Row(v, start),
                Output = Row(output, start),
                OutputGradient = Row(outputGradient, start),
                LogSumExp = Row(logSumExp, start),
                Delta = Row(delta, start),
                QueryGradient = Row(dq, start),
                KeyGradient = Row(dk, start),
                ValueGradient = Row(dv, start),
            };
            Clear(clearQ, task.QueryGradient, shape.QueryStride, shape.GroupSize * shape.HeadSize, task);
            Clear(clearK, task.KeyGradient, shape.KeyStride, shape.HeadSize, task);
            Clear(clearV, task.ValueGradient, shape.ValueStride, shape.ValueHeadSize, task);
            AttentionBackwardKernel.Run(shape, task, workers.ScratchPointer(worker, AttentionBackwardKernel.ScratchLength(shape)));
        }

        /// <summary>Zeros in the columns of this item's heads.</summary>
        private static void Clear(bool clear, float* rows, long stride, int size, in AttentionGradientTask task)
        {
            if (!clear)
            {
                return;
            }

            for (long row = 0; row < task.Length; row++)
            {
                new Span<float>(rows + (row * stride) + ((long)task.KeyValueHead * size), size).Clear();
            }
        }

        private static float* Row(Tensor? tensor, int row) => tensor is null ? null : tensor.Pointer + ((long)row * tensor.Columns);
    }
}
