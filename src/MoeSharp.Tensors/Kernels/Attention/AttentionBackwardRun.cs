namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Runs the backward pass: one item for each sequence and key head.</summary>
internal static unsafe class AttentionBackwardRun
{
    public static void Run(
        TensorScope scope, in AttentionShape shape, SequenceLayout layout, Tensor q, Tensor k, Tensor v, Tensor? sinks, Tensor output, Tensor outputGradient, Tensor logSumExp)
    {
        Tensor delta = scope.New(new TensorShape(q.Rows, shape.HeadCount));
        Tensor? dq = Target(q), dk = Target(k), dv = Target(v);
        var work = new HeadWork(scope.Workers, shape, layout, q, k, v, output, outputGradient, logSumExp, delta, dq, dk, dv);
        scope.Workers.Run(layout.SequenceCount * shape.KeyValueHeadCount, work);
        if (sinks is { NeedsGradient: true })
        {
            SinkGradient(shape, sinks, logSumExp, delta);
        }

        scope.Release(delta);
    }

    /// <summary>The gradient buffer, ready to be added to.</summary>
    private static Tensor? Target(Tensor input)
    {
        if (!input.NeedsGradient)
        {
            return null;
        }

        Tensor gradient = input.GradientFor(out bool accumulate);
        if (!accumulate)
        {
            gradient.Fill(0);
        }

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
        Tensor logSumExp, Tensor delta, Tensor? dq, Tensor? dk, Tensor? dv) : IWork
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
            AttentionBackwardKernel.Run(shape, task, workers.ScratchPointer(worker, AttentionBackwardKernel.ScratchLength(shape)));
        }

        private static float* Row(Tensor? tensor, int row) => tensor is null ? null : tensor.Pointer + ((long)row * tensor.Columns);
    }
}
