using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>A tensor times a constant.</summary>
/// <remarks>
/// <para>Shapes: <c>x [..]</c> → <c>[..]</c>. Formula: <c>y = s·x</c>; <c>dx = s·dy</c>.</para>
/// </remarks>
public sealed class ScaleOp : Operation
{
    private readonly Tensor _x;
    private readonly float _factor;

    private ScaleOp(Tensor x, float factor, Tensor output)
        : base(output)
    {
        _x = x;
        _factor = factor;
    }

    /// <summary>Multiplies by a constant.</summary>
    public static Tensor Apply(Tensor x, float factor)
    {
        TensorScope scope = ScopeOf("scale", x);
        Tensor output = scope.New(x.Shape);
        Run(scope, x, factor, output, accumulate: false);
        return Records(scope, x) ? Record(scope, new ScaleOp(x, factor, output)) : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Run(Output.Scope!, OutputGradient, _factor, _x.GradientFor(out bool accumulate), accumulate);
    }

    /// <summary>y (=|+=) s·x.</summary>
    internal static void Run(TensorScope scope, Tensor x, float factor, Tensor y, bool accumulate)
    {
        Blocks blocks = Blocks.OfElements(y.Length);
        scope.Workers.Run(blocks.Count, new Work(x, factor, y, accumulate, blocks));
    }

    private readonly struct Work(Tensor x, float factor, Tensor y, bool accumulate, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ElementKernel.Scale(x.SpanAt(first, count), factor, y.SpanAt(first, count), accumulate);
        }
    }
}
