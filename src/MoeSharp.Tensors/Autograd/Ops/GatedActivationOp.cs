using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>A gated activation: SwiGLU, GeGLU, ReGLU and their kin.</summary>
/// <remarks>
/// <para>Shapes: <c>a, b [T, F]</c> → <c>[T, F]</c>. Formula: <c>y = f(a)∘b</c>; <c>da = dy∘b∘f′(a)</c>, <c>db = dy∘f(a)</c>; one pass each way.</para>
/// <para>Source: Shazeer 2020, arXiv:2002.05202.</para>
/// </remarks>
public sealed class GatedActivationOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;
    private readonly Activation _activation;

    private GatedActivationOp(Tensor a, Tensor b, Activation activation, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
        _activation = activation;
    }

    /// <summary>Applies the activation to the gate projection and multiplies by the up projection.</summary>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tensor gateProjection, Tensor upProjection, Activation activation)
    {
        Throw.UnlessShape("gated activation", upProjection, gateProjection.Shape);
        TensorScope scope = ScopeOf("gated activation", gateProjection);
        Tensor output = scope.New(gateProjection.Shape);
        Blocks blocks = Blocks.OfElements(output.Length);
        scope.Workers.Run(blocks.Count, new ForwardWork(activation, gateProjection, upProjection, output, blocks));
        return Records(scope, gateProjection, upProjection)
            ? Record(scope, new GatedActivationOp(gateProjection, upProjection, activation, output))
            : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        Tensor? da = null, db = null;
        bool addToA = false, addToB = false;
        if (_a.NeedsGradient)
        {
            da = _a.GradientFor(out addToA);
        }

        if (_b.NeedsGradient)
        {
            db = _b.GradientFor(out addToB);
        }

        Blocks blocks = Blocks.OfElements(Output.Length);
        Output.Scope!.Workers.Run(
            blocks.Count, new BackwardWork(_activation, _a, _b, OutputGradient, da, addToA, db, addToB, blocks));
    }

    private readonly struct ForwardWork(Activation activation, Tensor a, Tensor b, Tensor y, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            GatedActivationKernel.Run(
                activation, a.SpanAt(first, count), b.SpanAt(first, count), y.SpanAt(first, count));
        }
    }

    private readonly struct BackwardWork(
        Activation activation,
        Tensor a,
        Tensor b,
        Tensor dy,
        Tensor? da,
        bool addToA,
        Tensor? db,
        bool addToB,
        Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            GatedActivationKernel.Backward(
                activation,
                a.SpanAt(first, count),
                b.SpanAt(first, count),
                dy.SpanAt(first, count),
                da is null ? default : da.SpanAt(first, count),
                addToA,
                db is null ? default : db.SpanAt(first, count),
                addToB);
        }
    }
}
