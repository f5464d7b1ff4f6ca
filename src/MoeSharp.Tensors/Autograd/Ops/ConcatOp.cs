using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Columns of two tensors side by side, for whole rows or within each group of columns.</summary>
/// <remarks>
/// <para>Shapes: <c>a [T, G·A]</c>, <c>b [T, G·B]</c> or, shared by all groups, <c>b [T, B]</c> → <c>[T, G·(A + B)]</c>; group g is a's g-th
/// A columns, then b's. The gradient is cut the same way; that of a shared b is summed over groups in order.</para>
/// </remarks>
public sealed class ConcatOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;
    private readonly int _groups;

    private ConcatOp(Tensor a, Tensor b, int groups, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
        _groups = groups;
    }

    /// <summary>Joins columns.</summary>
    /// <param name="a">The left columns.</param>
    /// <param name="b">The right columns; with <paramref name="groups"/> &gt; 1 and the columns of one group, shared by all.</param>
    /// <param name="groups">Groups of columns, as heads.</param>
    /// <param name="shareB">True when b has the columns of a single group, given to every group.</param>
    /// <exception cref="TensorShapeException">Rows differ, or columns do not divide into groups.</exception>
    public static Tensor Apply(Tensor a, Tensor b, int groups = 1, bool shareB = false)
    {
        if (a.Shape.Rows != b.Shape.Rows || groups < 1 || a.Columns % groups != 0 || (!shareB && b.Columns % groups != 0))
        {
            Throw.Shape($"concat: got {a.Shape} and {b.Shape} in {groups} groups. Rows must be equal and columns multiples of the groups.");
        }

        TensorScope scope = ScopeOf("concat", a);
        int left = a.Columns / groups, right = shareB ? b.Columns : b.Columns / groups;
        Tensor output = scope.New(new(a.Shape.Rows, (long)groups * (left + right)));
        for (int row = 0; row < a.Rows; row++)
        {
            ReadOnlySpan<float> from = a.Row(row), other = b.Row(row);
            Span<float> to = output.Row(row);
            for (int g = 0; g < groups; g++)
            {
                from.Slice(g * left, left).CopyTo(to[(g * (left + right))..]);
                other.Slice(shareB ? 0 : g * right, right).CopyTo(to[((g * (left + right)) + left)..]);
            }
        }

        return Records(scope, a, b) ? Record(scope, new ConcatOp(a, b, groups, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        int width = Output.Columns / _groups, left = _a.Columns / _groups, right = width - left;
        bool isShared = _groups > 1 && _b.Columns == right;
        bool addToA = false, addToB = false;
        Tensor? da = _a.NeedsGradient ? _a.GradientFor(out addToA) : null;
        Tensor? db = _b.NeedsGradient ? _b.GradientFor(out addToB) : null;
        for (int row = 0; row < Output.Rows; row++)
        {
            ReadOnlySpan<float> upstream = OutputGradient.Row(row);
            for (int g = 0; g < _groups; g++)
            {
                if (da is not null)
                {
                    ElementKernel.Scale(upstream.Slice(g * width, left), 1, da.Row(row).Slice(g * left, left), addToA);
                }

                if (db is not null)
                {
                    Span<float> target = db.Row(row).Slice(isShared ? 0 : g * right, right);
                    ElementKernel.Scale(upstream.Slice((g * width) + left, right), 1, target, addToB || (isShared && g > 0));
                }
            }
        }
    }
}
