using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>The gated activation of gpt-oss, with clamped inputs.</summary>
/// <remarks>
/// <para>Shapes: <c>a, b [T, F]</c> → <c>[T, F]</c>. Formula: <c>y = (b′ + 1)·a′·σ(α·a′)</c>, <c>a′ = min(a, limit)</c>,
/// <c>b′ = clamp(b, −limit, limit)</c>; one pass each way, no gradient where a clamp binds.</para>
/// </remarks>
public sealed class ClampedSwiGluOp : Operation
{
    private readonly Tensor _a;
    private readonly Tensor _b;
    private readonly float _alpha;
    private readonly float _limit;

    private ClampedSwiGluOp(Tensor a, Tensor b, float alpha, float limit, Tensor output)
        : base(output)
    {
        _a = a;
        _b = b;
        _alpha = alpha;
        _limit = limit;
    }

    /// <summary>Applies it to the gate projection and the up projection.</summary>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tensor gateProjection, Tensor upProjection, float alpha = 1.702f, float limit = 7)
    {
        Throw.UnlessShape("clamped swiglu", upProjection, gateProjection.Shape);
        TensorScope scope = ScopeOf("clamped swiglu", gateProjection);
        Tensor output = scope.New(gateProjection.Shape);
        Blocks blocks = Blocks.OfElements(output.Length);
        scope.Workers.Run(blocks.Count, new ForwardWork(gateProjection, upProjection, output, alpha, limit, blocks));
        return Records(scope, gateProjection, upProjection)
            ? Record(scope, new ClampedSwiGluOp(gateProjection, upProjection, alpha, limit, output))
            : output;
    }

    /// <inheritdoc/>
    protected internal override void Backward()
    {
        bool addToA = false, addToB = false;
        Tensor? da = _a.NeedsGradient ? _a.GradientFor(out addToA) : null;
        Tensor? db = _b.NeedsGradient ? _b.GradientFor(out addToB) : null;
        Blocks blocks = Blocks.OfElements(Output.Length);
        Output.Scope!.Workers.Run(
            blocks.Count, new BackwardWork(_a, _b, OutputGradient, da, addToA, db, addToB, _alpha, _limit, blocks));
    }

    private readonly struct ForwardWork(Tensor a, Tensor b, Tensor y, float alpha, float limit, Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ClampedSwiGluKernel.Run(a.SpanAt(first, count), b.SpanAt(first, count), y.SpanAt(first, count), alpha, limit);
        }
    }

    private readonly struct BackwardWork(
        Tensor a,
        Tensor b,
        Tensor dy,
        Tensor? da,
        bool addToA,
        Tensor? db,
        bool addToB,
        float alpha,
        float limit,
        Blocks blocks) : IWork
    {
        public void Run(int item, int worker)
        {
            long first = blocks.First(item);
            int count = blocks.Size(item);
            ClampedSwiGluKernel.Backward(
                a.SpanAt(first, count),
                b.SpanAt(first, count),
                dy.SpanAt(first, count),
                da is null ? default : da.SpanAt(first, count),
                addToA,
                db is null ? default : db.SpanAt(first, count),
                addToB,
                alpha,
                limit);
        }
    }
}
