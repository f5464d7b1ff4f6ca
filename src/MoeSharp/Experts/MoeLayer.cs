using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Dispatch;
using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Experts;

/// <summary>A mixture of experts: every token visits the experts that the router chooses for it, and their results are summed by weight.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → hidden <c>[T, D]</c>.</para>
/// <para>Formula: <c>y_t = Σ_k w[t, k] · E_id[t,k](x_t)</c>, plus the shared expert, plus <c>(1 − Σ_k w)·x</c> where
/// <see cref="PassesRemainder"/>; mixed with the residual expert where there is one.</para>
/// <para>Steps: router logits → scores → top-k → weights → counting sort by expert → gather → grouped products → weighted sum.</para>
/// <para>Safe for concurrent use in evaluation; not while training.</para>
/// </remarks>
public sealed class MoeLayer
{
    /// <summary>Puts a layer together and makes its weights.</summary>
    /// <param name="hiddenSize">D.</param>
    /// <param name="experts">The experts; belong to this layer from now on.</param>
    /// <param name="router">The router; belongs to this layer from now on.</param>
    /// <param name="balance">The balance rule of the model; may be shared by layers.</param>
    /// <param name="shared">An expert that every token visits.</param>
    /// <param name="residual">A dense network that is mixed with the experts by learned coefficients.</param>
    /// <param name="name">Path of the layer in the model, before the names of parameters.</param>
    /// <param name="seed">Of the starting weights; null leaves them undefined, for loading.</param>
    /// <exception cref="ConfigException">The router does not fit the count of experts.</exception>
    public MoeLayer(
        int hiddenSize,
        ExpertBank experts,
        Router router,
        Balance? balance = null,
        SharedExpert? shared = null,
        ResidualExpert? residual = null,
        string name = "moe",
        ulong? seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        HiddenSize = hiddenSize;
        Experts = experts;
        Router = router;
        Balance = balance;
        Shared = shared;
        Residual = residual;
        Rng? rng = seed is { } value ? new Rng(value) : null;
        router.Initialize(name + ".router", hiddenSize, experts.Count, rng);
        experts.Initialize(name + ".experts", hiddenSize, rng);
        shared?.Initialize(name + ".shared", hiddenSize, rng);
        residual?.Initialize(name + ".residual", hiddenSize, rng);
    }

    /// <summary>D.</summary>
    public int HiddenSize { get; }

    /// <summary>The experts.</summary>
    public ExpertBank Experts { get; }

    /// <summary>The router.</summary>
    public Router Router { get; }

    /// <summary>The balance rule, reduced once for the whole model by <see cref="Balance.Reduce"/>.</summary>
    public Balance? Balance { get; }

    /// <summary>The expert that every token visits, if there is one.</summary>
    public SharedExpert? Shared { get; }

    /// <summary>The dense network beside the experts, if there is one.</summary>
    public ResidualExpert? Residual { get; }

    /// <summary>Number of the layer in its model, told to observers and interventions.</summary>
    public int Index { get; init; }

    /// <summary>True to add <c>(1 − Σ_k w[t, k])·x_t</c>: what the experts do not take passes by (BASE layers).</summary>
    public bool PassesRemainder { get; init; }

    /// <summary>The trainable tensors: router, experts, shared expert, residual expert.</summary>
    public IEnumerable<Parameter> Parameters =>
        [.. Router.Parameters, .. Experts.Parameters, .. Shared?.Parameters ?? [], .. Residual?.Parameters ?? []];

    /// <summary>Routes the tokens and runs the experts.</summary>
    /// <param name="x">Tokens <c>[T, D]</c>.</param>
    /// <param name="context">The step; null is evaluation of one group without padding.</param>
    /// <exception cref="TensorShapeException"><paramref name="x"/> does not end in <see cref="HiddenSize"/>.</exception>
    public MoeOutput Forward(Tensor x, RoutingContext? context = null)
    {
        if (x.Columns != HiddenSize)
        {
            throw new TensorShapeException($"moe layer: the tokens have shape {x.Shape}. Their last dimension must be {HiddenSize}.");
        }

        context ??= RoutingContext.Default;
        RoutingDecision decision = Router.Route(x, context, Index);
        context.Observer?.Observe(Index, decision);
        Tensor hidden = Run(x, decision, context.Dispatcher);
        if (PassesRemainder)
        {
            hidden = AddOp.Apply(hidden, RemainderOp.Apply(x, decision.Weights));
        }

        if (Shared is not null)
        {
            hidden = AddOp.Apply(hidden, Shared.Forward(x));
        }

        if (Residual is not null)
        {
            hidden = Residual.Mix(hidden, x);
        }

        BalanceTerms? terms = context.MeasuresBalance ? Balance?.Measure(decision, context) : null;
        return new MoeOutput(hidden, decision, terms);
    }

    /// <summary>Runs the experts and returns their results one by one, not summed: for losses and studies of single experts.</summary>
    /// <param name="x">Tokens <c>[T, D]</c>.</param>
    /// <param name="decision">Who went where; its weights are not applied.</param>
    /// <param name="context">The step; it must serve every choice.</param>
    /// <returns>Results <c>[T·K, D]</c>, row t·K + k.</returns>
    /// <exception cref="InvalidOperationException">The bank is mixed, or a choice was dropped.</exception>
    public Tensor ForwardEach(Tensor x, out RoutingDecision decision, RoutingContext? context = null)
    {
        context ??= RoutingContext.Default;
        decision = Router.Route(x, context, Index);
        DispatchPlan plan = DispatchPlan.Build(x.Scope!, decision.ServedIds, decision.TopK, Experts.Count);
        if (Experts.Parts.Count > 1 || plan.RowCount != plan.RowOfChoice.Length)
        {
            throw new InvalidOperationException(
                "moe layer: single results need one bank of experts and every choice served. Use a dropless router and a bank that is not mixed.");
        }

        Tensor rows = Experts.Forward(context.Dispatcher.Dispatch(x, plan, out Indices offsets), offsets);
        return GatherRowsOp.Apply(rows, plan.RowOfChoice);
    }

    /// <summary>Dispatch, compute, combine.</summary>
    private Tensor Run(Tensor x, in RoutingDecision decision, ITokenDispatcher dispatcher)
    {
        Tensor? sum = null;
        int first = 0;
        IReadOnlyList<ExpertBank> parts = Experts.Parts;
        for (int i = 0; i < parts.Count; i++) // an enumerator of a list behind an interface would be an allocation a step
        {
            ExpertBank part = parts[i];
            if (!part.IsZero)
            {
                DispatchPlan plan = DispatchPlan.Build(x.Scope!, decision.ServedIds, decision.TopK, first, part.Count);
                Tensor result = RunPart(x, part, plan, decision.Weights, dispatcher);
                sum = sum is null ? result : AddOp.Apply(sum, result);
            }

            first += part.Count;
        }

        return sum ?? x.Scope!.Zeros(x.Shape);
    }

    private Tensor RunPart(Tensor x, ExpertBank part, in DispatchPlan plan, Tensor weights, ITokenDispatcher dispatcher)
    {
        if (!Router.WeighsInput)
        {
            return dispatcher.Combine(part.Forward(dispatcher.Dispatch(x, plan, out Indices offsets), offsets), plan, weights);
        }

        // The weight goes in with the token, so the results are summed as they are.
        Tensor rows = dispatcher.Dispatch(x, plan, out Indices first);
        Tensor weighted = ScaleByChoiceOp.Apply(rows, weights, plan.ChoiceOfRow);
        Tensor ones = x.Scope!.New(weights.Shape);
        ones.Fill(1);
        return dispatcher.Combine(part.Forward(weighted, first), plan, ones);
    }
}
