using MoeSharp.Tensors.Kernels.MatMul;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The product of two matrices, each transposed or not.</summary>
/// <remarks>
/// <para>Shapes: <c>op(a) [M, K]</c>, <c>op(b) [K, N]</c> → <c>[M, N]</c>, where <c>op</c> transposes on demand.</para>
/// <para>Formula: <c>y = op(a)·op(b)</c>; <c>d op(a) = dy·op(b)ᵀ</c>, <c>d op(b) = op(a)ᵀ·dy</c>, transposed back where the factor was.</para>
/// <para>Rounding as <see cref="LinearOp"/>: one ascending chain an element. The result lives in the scope of a, or of b when a stands free.</para>
/// </remarks>
public sealed unsafe class MatMulOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;
    private readonly bool _transposeA;
    private readonly bool _transposeB;

    private MatMulOp(Tensor a, Tensor b, bool transposeA, bool transposeB, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
        _transposeA = transposeA;
        _transposeB = transposeB;
    }

    /// <summary>Multiplies two matrices.</summary>
    /// <exception cref="TensorShapeException">A factor is not a matrix, or the inner sizes differ.</exception>
    public static Tensor Apply(Tensor a, Tensor b, bool transposeA = false, bool transposeB = false)
    {
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2)
        {
            Throw.Shape($"matmul: got a {a.Shape} and b {b.Shape}. Both must be matrices.");
        }

        int m = transposeA ? a.Columns : a.Rows, inner = transposeA ? a.Rows : a.Columns;
        int n = transposeB ? b.Rows : b.Columns, other = transposeB ? b.Columns : b.Rows;
        if (inner != other)
        {
            Throw.Shape($"matmul: inner sizes differ, got a {a.Shape}{Mark(transposeA)} and b {b.Shape}{Mark(transposeB)}. {inner} and {other} must be equal.");
        }

        TensorScope scope = a.Scope ?? ScopeOf("matmul", b);
        Tensor output = scope.New(new TensorShape(m, n));
        Multiply(scope.Workers, a, transposeA, b, transposeB, output, m, n, inner, accumulate: false);
        return Records(scope, a, b) ? Record(scope, new MatMulOp(a, b, transposeA, transposeB, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Workers workers = Output.Scope!.Workers;
        int m = Output.Rows, n = Output.Columns, inner = _transposeA ? _a.Rows : _a.Columns;
        Tensor gradient = OutputGradient;
        if (_a.NeedsGradient)
        {
            Tensor target = _a.GradientFor(out bool accumulate);
            if (_transposeA)
            {
                Multiply(workers, _b, _transposeB, gradient, true, target, inner, m, n, accumulate); // da = op(b)·dyᵀ
            }
            else
            {
                Multiply(workers, gradient, false, _b, !_transposeB, target, m, inner, n, accumulate); // da = dy·op(b)ᵀ
            }
        }

        if (_b.NeedsGradient)
        {
            Tensor target = _b.GradientFor(out bool accumulate);
            if (_transposeB)
            {
                Multiply(workers, gradient, true, _a, _transposeA, target, n, inner, m, accumulate); // db = dyᵀ·op(a)
            }
            else
            {
                Multiply(workers, _a, !_transposeA, gradient, false, target, inner, n, m, accumulate); // db = op(a)ᵀ·dy
            }
        }
    }

    private static string Mark(bool transposed) => transposed ? " transposed" : "";

    private static void Multiply(
        Workers workers, Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c, int m, int n, int k, bool accumulate)
    {
        switch (transposeA, transposeB)
        {
            case (false, false):
                MatMulKernel.Nn(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate);
                break;
            case (false, true):
                MatMulKernel.Nt(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate);
                break;
            case (true, false):
                MatMulKernel.Tn(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate);
                break;
            default:
                MatMulKernel.Tt(workers, a.Pointer, b.Pointer, c.Pointer, m, n, k, accumulate);
                break;
        }
    }
}
