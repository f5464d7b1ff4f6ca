using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Every row times each matrix of a stack, results side by side: what multi-head latent attention expands a latent with.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, K]</c>, <c>weight [H, N, K]</c>, or <c>[H, K, N]</c> where its matrices are stored across → <c>y [T, H·N]</c>.</para>
/// <para>Formula: <c>y[t, h·N + n] = Σₖ x[t, k]·W[h, n, k]</c>, with <c>W[h, k, n]</c> in the second layout;
/// <c>dx = Σ_h dy[h]·W[h]</c>, <c>dW[h] = dy[h]ᵀ·x</c> in the layout of the weight.</para>
/// <para>Rounding as <see cref="LinearOp"/>. Source: DeepSeek-V2, arXiv:2405.04434.</para>
/// </remarks>
public sealed unsafe class StackedLinearOp : Operation
{
    private readonly Tensor _x;
    private readonly Tensor _weight;
    private readonly Tensor _rows;
    private readonly bool _isAcross;

    private StackedLinearOp(Tensor x, Tensor weight, Tensor rows, bool isAcross, Tensor output)
        : base(output)
    {
        _x = x;
        _weight = weight;
        _rows = rows;
        _isAcross = isAcross;
    }

    /// <summary>Applies all matrices of a stack.</summary>
    /// <param name="x">[T, K].</param>
    /// <param name="weight">The stack.</param>
    /// <param name="isAcross">True when the matrices are <c>[K, N]</c>.</param>
    /// <exception cref="TensorShapeException">The shapes do not fit.</exception>
    public static Tensor Apply(Tensor x, Tensor weight, bool isAcross = false)
    {
        if (weight.Shape.Rank != 3 || x.Shape.Rank != 2 || x.Shape.Columns != weight.Shape[isAcross ? 1 : 2])
        {
            Throw.Shape($"stacked linear: got x {x.Shape} and a weight {weight.Shape}. They must be [rows, inputs] and "
                + (isAcross ? "[matrices, inputs, outputs]." : "[matrices, outputs, inputs]."));
        }

        TensorScope scope = ScopeOf("stacked linear", x);
        Tensor rows = isAcross ? Turned(scope, weight) : weight; // [H·N, K] in either case
        int outputs = checked((int)(weight.Length / x.Columns));
        Tensor output = scope.New(new TensorShape(x.Rows, outputs));
        MatMulKernel.Nt(scope.Workers, x.Pointer, rows.Pointer, output.Pointer, x.Rows, outputs, x.Columns, accumulate: false);
        if (Records(scope, x, weight))
        {
            return Record(scope, new StackedLinearOp(x, weight, rows, isAcross, output));
        }

        if (isAcross)
        {
            scope.Release(rows);
        }

        return output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        TensorScope scope = Output.Scope!;
        int rows = _x.Rows, outputs = Output.Columns, inputs = _x.Columns;
        float* gradient = OutputGradient.Pointer;
        if (_x.NeedsGradient)
        {
            Tensor target = _x.GradientFor(out bool accumulate);
            MatMulKernel.Nn(scope.Workers, gradient, _rows.Pointer, target.Pointer, rows, inputs, outputs, accumulate);
        }

        if (!_weight.NeedsGradient)
        {
            return;
        }

        Tensor weightGradient = _weight.GradientFor(out bool adds);
        if (!_isAcross)
        {
            MatMulKernel.Tn(scope.Workers, gradient, _x.Pointer, weightGradient.Pointer, outputs, inputs, rows, adds);
            return;
        }

        Tensor straight = scope.New(new TensorShape(outputs, inputs));
        MatMulKernel.Tn(scope.Workers, gradient, _x.Pointer, straight.Pointer, outputs, inputs, rows, accumulate: false);
        TurnBack(straight, weightGradient, adds);
        scope.Release(straight);
    }

    /// <summary>[H, K, N] → [H·N, K].</summary>
    private static Tensor Turned(TensorScope scope, Tensor weight)
    {
        int heads = (int)weight.Shape[0], inputs = (int)weight.Shape[1], outputs = (int)weight.Shape[2];
        Tensor turned = scope.New(new TensorShape((long)heads * outputs, inputs));
        float* to = turned.Pointer, from = weight.Pointer;
        for (long head = 0; head < heads; head++, from += (long)inputs * outputs, to += (long)inputs * outputs)
        {
            for (int n = 0; n < outputs; n++)
            {
                for (int k = 0; k < inputs; k++)
                {
                    to[((long)n * inputs) + k] = from[((long)k * outputs) + n];
                }
            }
        }

        return turned;
    }

    /// <summary>[H·N, K] → [H, K, N], overwriting or adding.</summary>
    private static void TurnBack(Tensor straight, Tensor target, bool adds)
    {
        int heads = (int)target.Shape[0], inputs = (int)target.Shape[1], outputs = (int)target.Shape[2];
        float* from = straight.Pointer, to = target.Pointer;
        for (long head = 0; head < heads; head++, from += (long)inputs * outputs, to += (long)inputs * outputs)
        {
            for (int k = 0; k < inputs; k++)
            {
                for (int n = 0; n < outputs; n++)
                {
                    float value = from[((long)n * inputs) + k];
                    long place = ((long)k * outputs) + n;
                    to[place] = adds ? to[place] + value : value;
                }
            }
        }
    }
}
