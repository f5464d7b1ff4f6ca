using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Kernels.Optimizers;

namespace MoeSharp.Training.Clipping;

/// <summary>The norm of all gradients taken together, and the factor that brings it under a limit.</summary>
/// <remarks>
/// <para>Formula: <c>(Σ |g|ᵖ)^(1/p)</c> over every element of every gradient, the largest <c>|g|</c> for p = ∞.</para>
/// <para>Sums run in double over fixed chunks and are added in their order: the same bits at any thread count. Each optimiser
/// takes the factor into its own pass, so clipping reads the gradients once and writes nothing.</para>
/// <para>The factor is that of torch.nn.utils.clip_grad_norm_: <c>min(1, limit / (norm + 1e-6))</c>.</para>
/// <para>Not safe for concurrent use: one instance keeps the partial sums of its parameters.</para>
/// </remarks>
public sealed class GradientNorm
{
    private const int ChunkLength = 1 << 16;

    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Workers _workers;
    private readonly List<(int Parameter, long Start, int Length)> _chunks = [];
    private readonly double[] _partial;
    private readonly double _power;

    /// <summary>Prepares the norm of a set of parameters.</summary>
    /// <param name="parameters">Whose gradients.</param>
    /// <param name="power">p: 2, 1, <see cref="double.PositiveInfinity"/>, or any other above 0.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    public GradientNorm(IReadOnlyList<Parameter> parameters, double power = 2, Workers? workers = null)
    {
        if (!(power > 0))
        {
            throw new ArgumentOutOfRangeException(
                nameof(power), $"gradient norm: p = {power} is not a norm. It must be greater than 0, or infinite.");
        }

        _parameters = parameters;
        _power = power;
        _workers = workers ?? Workers.Default;
        for (int i = 0; i < parameters.Count; i++)
        {
            long length = parameters[i].Value.Length;
            for (long start = 0; start < length; start += ChunkLength)
            {
                _chunks.Add((i, start, (int)Math.Min(ChunkLength, length - start)));
            }
        }

        _partial = new double[_chunks.Count];
    }

    /// <summary>The norm now; parameters without a gradient count as zeros.</summary>
    public double Compute()
    {
        _workers.Run(_chunks.Count, new ChunkWork(this));
        double total = 0;
        foreach (double part in _partial)
        {
            // Math.Max and the sum both carry a NaN through, so that a broken gradient shows.
            total = double.IsPositiveInfinity(_power) ? Math.Max(total, part) : total + part;
        }

        return _power switch
        {
            2 => Math.Sqrt(total),
            1 or double.PositiveInfinity => total,
            _ => Math.Pow(total, 1 / _power),
        };
    }

    /// <summary>The factor for a limit: at most 1.</summary>
    /// <param name="norm">From <see cref="Compute"/>.</param>
    /// <param name="limit">The largest norm allowed, above 0.</param>
    public static double Factor(double norm, double limit) => Math.Min(1, limit / (norm + 1e-6));

    private double Part(ReadOnlySpan<float> gradient)
    {
        if (_power == 2)
        {
            return SquareSumKernel.Run(gradient);
        }

        double total = 0;
        foreach (float element in gradient)
        {
            double size = Math.Abs((double)element);
            total = _power == 1 ? total + size
                : double.IsPositiveInfinity(_power) ? Math.Max(total, size)
                : total + Math.Pow(size, _power);
        }

        return total;
    }

    private readonly struct ChunkWork(GradientNorm owner) : IWork
    {
        public void Run(int item, int worker)
        {
            (int parameter, long start, int length) = owner._chunks[item];
            Tensor? gradient = owner._parameters[parameter].Gradient;
            owner._partial[item] = gradient is null ? 0 : owner.Part(gradient.SpanAt(start, length));
        }
    }
}
