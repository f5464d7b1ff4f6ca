using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Zeroes elements at random and scales the others up.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c> → <c>[..]</c>. Formula: <c>y[i] = x[i]/(1 − p)</c> where <c>uniform(first + i) ≥ p</c>, else 0; dx likewise.
/// The mask is computed again in the backward pass, never stored; it is the same at any thread count.</para>
/// <para>Rate 0 gives x itself. Source: Srivastava et al. 2014.</para>
/// </remarks>
public sealed class DropoutOp : Operation
{
    private readonly Tensor _x;
    private readonly float _rate;
    private readonly Rng _rng;
    private readonly ulong _firstIndex;

    private DropoutOp(Tensor x, float rate, Rng rng, ulong firstIndex, Tensor output)
        : base(output)
    {
        _x = x;
        _rate = rate;
        _rng = rng;
        _firstIndex = firstIndex;
    }

    /// <summary>Drops elements.</summary>
    /// <param name="x">The input.</param>
    /// <param name="rate">Probability p of a zero, in [0, 1).</param>
    /// <param name="rng">Where the numbers come from.</param>
    /// <param name="firstIndex">Index of the number for the first element; every use in a run needs a range of its own.</param>
    public static Tensor Apply(Tensor x, float rate, Rng rng, ulong firstIndex)
    {
        if (!(rate >= 0 && rate < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(rate), $"dropout: the rate is {rate}. It must be at least 0 and less than 1.");
        }

        if (rate == 0)
        {
            return x;
        }

        TensorScope scope = ScopeOf("dropout", x);
        Tensor output = scope.New(x.Shape);
        Run(scope, x, rate, rng, firstIndex, output, accumulate: false);
        return Records(scope, x) ? Record(scope, new DropoutOp(x, rate, rng, firstIndex, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Run(Output.Scope!, OutputGradient, _rate, _rng, _firstIndex, _x.GradientFor(out bool accumulate), accumulate);
    }

    private static void Run(TensorScope scope, Tensor x, float rate, Rng rng, ulong firstIndex, Tensor y, bool accumulate)
    {
        Blocks blocks = Blocks.OfElements(x.Length);
        scope.Workers.Run(blocks.Count, new Work(x, rate, rng, firstIndex, y, accumulate, blocks));
    }

    private readonly struct Work(Tensor x, float rate, Rng rng, ulong firstIndex, Tensor y, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ReadOnlySpan<float> source = x.SpanAt(first, count);
            Span<float> target = y.SpanAt(first, count);
            float scale = 1 / (1 - rate);
            ulong index = firstIndex + (ulong)first;
            for (int i = 0; i < source.Length; i++)
            {
                float value = rng.UniformAt(index + (ulong)i) >= rate ? source[i] * scale : 0;
                target[i] = accumulate ? target[i] + value : value;
            }
        }
    }
}
