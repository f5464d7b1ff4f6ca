using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Some columns, of whole rows or of each group of columns.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, G·C]</c> → <c>[T, G·count]</c>: of each group of C columns those from <c>start</c> on. The gradient goes back to
/// the same places, zero elsewhere.</para>
/// </remarks>
public sealed class SliceColumnsOp : Operation
{
    private readonly Tensor _x;
    private readonly int _start;
    private readonly int _count;
    private readonly int _groups;

    private SliceColumnsOp(Tensor x, int start, int count, int groups, Tensor output)
        : base(output)
    {
        _x = x;
        _start = start;
        _count = count;
        _groups = groups;
    }

    /// <summary>Takes columns.</summary>
    /// <exception cref="TensorShapeException">The columns do not divide into groups, or a group has not that many.</exception>
    public static Tensor Apply(Tensor x, int start, int count, int groups = 1)
    {
        if (groups < 1 || x.Columns % groups != 0 || start < 0 || count < 0 || start + count > x.Columns / groups)
        {
            Throw.Shape($"slice columns: {count} columns from {start} on do not exist in {groups} groups of {x.Shape}. Each group has {x.Columns / Math.Max(groups, 1)}.");
        }

        TensorScope scope = ScopeOf("slice columns", x);
        int width = x.Columns / groups;
        Tensor output = scope.New(new(x.Shape.Rows, (long)groups * count));
        for (int row = 0; row < x.Rows; row++)
        {
            for (int g = 0; g < groups; g++)
            {
                x.Row(row).Slice((g * width) + start, count).CopyTo(output.Row(row)[(g * count)..]);
            }
        }

        return Records(scope, x) ? Record(scope, new SliceColumnsOp(x, start, count, groups, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor gradient = _x.GradientFor(out bool accumulate);
        if (!accumulate)
        {
            gradient.Fill(0);
        }

        int width = _x.Columns / _groups;
        for (int row = 0; row < _x.Rows; row++)
        {
            for (int g = 0; g < _groups; g++)
            {
                Span<float> target = gradient.Row(row).Slice((g * width) + _start, _count);
                ElementKernel.Add(target, OutputGradient.Row(row).Slice(g * _count, _count), target);
            }
        }
    }
}
