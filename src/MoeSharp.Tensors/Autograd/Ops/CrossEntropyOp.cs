using System.Runtime.InteropServices;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Mean cross-entropy of rows of logits; takes the logits over and leaves their gradient in their place.</summary>
/// <remarks>
/// <para>Shapes: logits <c>[T, V]</c>, targets <c>[T]</c> (−1, or any negative, is ignored) → scalar: the mean over the rows that count,
/// 0 when none does. Formula a row, with L = log Σ eˣ: <c>(1 − s)·(L − x[target]) + s·(L − mean(x)) + z·L²</c>.</para>
/// <para><b>The logits are consumed</b> when the scope records and they need a gradient: afterwards the tensor holds
/// <c>(softmax(x)·(1 + 2·z·L) − s/V − (1 − s)·[target])/count</c>, which the backward pass hands over as their gradient, so a second
/// <c>[T, V]</c> never exists. Nothing else may read them afterwards. When nothing is recorded they stay as they are.</para>
/// <para>Rows are done in parallel; the loss is summed in double in the order of rows, so it is the same at any thread count.</para>
/// <para>Smoothing spreads over all classes, the target included, as PyTorch does. z-loss: ST-MoE, arXiv:2202.08906, and PaLM.</para>
/// </remarks>
public sealed class CrossEntropyOp : Operation
{
    private readonly Tensor _logits;

    private CrossEntropyOp(Tensor logits, Tensor output)
        : base(output)
    {
        _logits = logits;
    }

    /// <summary>Computes the mean loss.</summary>
    /// <param name="logits">[T, V]; consumed when recorded.</param>
    /// <param name="targets">[T], each below V; negative ones do not count.</param>
    /// <param name="labelSmoothing">s, in [0, 1].</param>
    /// <param name="zLoss">z, the weight of L².</param>
    /// <exception cref="TensorShapeException">There is not one target a row.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is not below V.</exception>
    public static Tensor Apply(Tensor logits, ReadOnlySpan<int> targets, float labelSmoothing = 0, float zLoss = 0)
    {
        Check(logits, targets);
        TensorScope scope = ScopeOf("cross-entropy", logits);
        bool records = Records(scope, logits);
        int counted = 0;
        foreach (int target in targets)
        {
            counted += target >= 0 ? 1 : 0;
        }

        Indices kept = scope.NewIndices(targets.Length);
        targets.CopyTo(kept.Span);
        Tensor losses = scope.New(new(2L * targets.Length)); // doubles
        float scale = records ? 1f / Math.Max(counted, 1) : 0;
        Blocks blocks = Blocks.OfRows(logits.Rows, logits.Columns);
        scope.Workers.Run(blocks.Count, new LossWork(logits, kept, losses, labelSmoothing, zLoss, scale, blocks));

        double sum = 0;
        foreach (double loss in MemoryMarshal.Cast<float, double>(losses.Span))
        {
            sum += loss;
        }

        scope.Release(losses);
        Tensor output = scope.New(TensorShape.Scalar);
        output.Span[0] = (float)(sum / Math.Max(counted, 1));
        return records ? Record(scope, new CrossEntropyOp(logits, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        float upstream = OutputGradient.Span[0];
        Tensor gradient = _logits.View(_logits.Shape);
        if (upstream != 1)
        {
            ScaleOp.Run(Output.Scope!, gradient, upstream, gradient, accumulate: false);
        }

        _logits.TakeGradient(gradient);
    }

    /// <summary>The plain loss of each row in nats (NaN for ignored rows), for evaluation; the logits stay as they are.</summary>
    /// <param name="logits">[T, V].</param>
    /// <param name="targets">[T], each below V; negative ones do not count.</param>
    /// <param name="nats">[T].</param>
    /// <param name="workers">Threads; null takes <see cref="Workers.Default"/>.</param>
    /// <returns>The sum over the rows that count.</returns>
    public static double Evaluate(Tensor logits, ReadOnlySpan<int> targets, Span<double> nats, Workers? workers = null)
    {
        Check(logits, targets);
        if (nats.Length != targets.Length)
        {
            throw new ArgumentException($"cross-entropy: got room for {nats.Length} results of {targets.Length} rows. There must be one a row.", nameof(nats));
        }

        Indices kept = Indices.From(targets);
        Tensor losses = Tensor.Uninitialized(new(2L * targets.Length));
        Blocks blocks = Blocks.OfRows(logits.Rows, logits.Columns);
        (workers ?? logits.Scope?.Workers ?? Workers.Default).Run(
            blocks.Count, new LossWork(logits, kept, losses, smoothing: 0, zLoss: 0, scale: 0, blocks));
        double sum = 0;
        ReadOnlySpan<double> loss = MemoryMarshal.Cast<float, double>(losses.Span);
        for (int row = 0; row < nats.Length; row++)
        {
            nats[row] = targets[row] < 0 ? double.NaN : loss[row];
            sum += loss[row];
        }

        return sum;
    }

    private static void Check(Tensor logits, ReadOnlySpan<int> targets)
    {
        if (targets.Length != logits.Shape.Rows)
        {
            Throw.Shape($"cross-entropy: got {targets.Length} targets for logits {logits.Shape}. There must be one a row.");
        }

        for (int row = 0; row < targets.Length; row++)
        {
            if (targets[row] >= logits.Shape.Columns)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(targets), $"cross-entropy: the target {targets[row]} of row {row} is not a class. Classes go from 0 to {logits.Shape.Columns - 1}; −1 is ignored.");
            }
        }
    }

    /// <summary>The loss of each row; with a scale, the row becomes its gradient.</summary>
    private readonly struct LossWork(
        Tensor logits, Indices targets, Tensor losses, float smoothing, float zLoss, float scale, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            Span<double> loss = MemoryMarshal.Cast<float, double>(losses.Span);
            ReadOnlySpan<int> target = targets.Span;
            int first = (int)blocks.First(item);
            for (int row = first; row < first + blocks.Size(item); row++)
            {
                Span<float> x = logits.Row(row);
                if (target[row] < 0)
                {
                    loss[row] = 0;
                    if (scale != 0)
                    {
                        x.Clear();
                    }
                }
                else
                {
                    loss[row] = scale == 0
                        ? CrossEntropyKernel.Loss(x, target[row], smoothing, zLoss)
                        : CrossEntropyKernel.LossAndGradient(x, target[row], smoothing, zLoss, scale);
                }
            }
        }
    }
}
