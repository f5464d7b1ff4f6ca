using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Ops;

/// <summary>Rows divided by their Euclidean length.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → <c>[T, D]</c>. Formula: <c>y = x/n</c>, <c>n = √(Σx² + ε)</c>, or <c>max(√Σx², ε)</c> with a floor.</para>
/// <para>Derivative: <c>dx = (dy − y·Σ(dy·y))/n</c>; below the floor <c>dy/n</c>.</para>
/// </remarks>
internal sealed class UnitRowsOp : Operation
{
    /// <summary>The lower limit that PyTorch's normalisation takes.</summary>
    public const float FloorEpsilon = 1e-12f;

    private readonly Tensor _x;
    private readonly float _epsilon;
    private readonly bool _floor;

    private UnitRowsOp(Tensor x, float epsilon, bool floor, Tensor output)
        : base(output)
    {
        _x = x;
        _epsilon = epsilon;
        _floor = floor;
    }

    /// <summary>Normalises every row; the result lives in <paramref name="scope"/>, so <paramref name="x"/> may stand free.</summary>
    public static Tensor Apply(TensorScope scope, Tensor x, float epsilon, bool floor)
    {
        Tensor output = scope.New(x.Shape);
        for (int t = 0; t < x.Rows; t++)
        {
            TensorPrimitives.Divide(x.Row(t), Length(x.Row(t), epsilon, floor), output.Row(t));
        }

        return Records(scope, x) ? Record(scope, new UnitRowsOp(x, epsilon, floor, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        for (int t = 0; t < gradient.Rows; t++)
        {
            ReadOnlySpan<float> dy = OutputGradient.Row(t), y = Output.Row(t);
            float length = Length(_x.Row(t), _epsilon, _floor);
            float inner = _floor && length <= _epsilon ? 0 : TensorPrimitives.Dot(dy, y);
            Span<float> dx = gradient.Row(t);
            for (int d = 0; d < dx.Length; d++)
            {
                dx[d] = (accumulate ? dx[d] : 0) + ((dy[d] - (y[d] * inner)) / length);
            }
        }
    }

    private static float Length(ReadOnlySpan<float> row, float epsilon, bool floor)
    {
        float squares = TensorPrimitives.SumOfSquares(row);
        return floor ? MathF.Max(MathF.Sqrt(squares), epsilon) : MathF.Sqrt(squares + epsilon);
    }
}
