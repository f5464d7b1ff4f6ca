using MoeSharp.Experts.Dispatch;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MoeSharp.Experts.Routing;

/// <summary>Chooses experts for tokens and gives them weights: score → select → weigh, with noise, bias and capacity as further parts.</summary>
/// <remarks>
/// <para>Shapes: <c>x [T, D]</c> → ids <c>[T·K]</c>, weights <c>[T, K]</c>, scores <c>[T, E]</c>.</para>
/// <para>A router belongs to the layer that it was given to. Safe for concurrent use in evaluation; not while training.</para>
/// <para>Every published router is a choice of parts: see the presets beside this file and <c>docs/catalogue.md</c>.</para>
/// </remarks>
public sealed partial class Router
{
    /// <summary>Puts a router together.</summary>
    public Router(Score score, Select select, Weigh weigh)
    {
        Score = score;
        Select = select;
        Weigh = weigh;
    }

    /// <summary>From logits to scores.</summary>
    public Score Score { get; }

    /// <summary>From scores to ids.</summary>
    public Select Select { get; }

    /// <summary>From scores and ids to weights.</summary>
    public Weigh Weigh { get; }

    /// <summary>From tokens to logits.</summary>
    public LogitSource Logits { get; init; } = new LinearLogits();

    /// <summary>Noise on the logits, in training only.</summary>
    public LogitNoise? Noise { get; init; }

    /// <summary>Multiplies the router's input by a number from [1 − ε, 1 + ε] in training; 0 for none (Switch: 0.01).</summary>
    public float InputJitter { get; init; }

    /// <summary>A bias for choosing, never for weighting.</summary>
    public ExpertBias? Bias { get; init; }

    /// <summary>Which choices after the first are kept at all.</summary>
    public Retention? Retention { get; init; }

    /// <summary>Rows an expert accepts; null for dropless.</summary>
    public Capacity? Capacity { get; init; }

    /// <summary>True when the weight multiplies the expert's input instead of its output (Llama-4).</summary>
    public bool WeighsInput { get; init; }

    /// <summary>True to let padding choose experts and take places in their buffers, with weight 0 (flaxformer's scatter form).</summary>
    public bool RoutesPadding { get; init; }

    /// <summary>E, once the router has its layer.</summary>
    public int ExpertCount { get; private set; }

    /// <summary>True where a token's experts depend on other tokens of the batch.</summary>
    public bool DependsOnBatch => Select.DependsOnBatch || Capacity is not null;

    /// <summary>True where a token's experts depend on <b>later</b> tokens, so that a causal decoder must refuse the router.</summary>
    public bool LooksAhead => Select.LooksAhead;

    /// <summary>The trainable tensors.</summary>
    public IEnumerable<Parameter> Parameters => Noise is null ? Logits.Parameters : Logits.Parameters.Concat(Noise.Parameters);

    /// <summary>Makes the parameters of this router and of its parts.</summary>
    /// <exception cref="InvalidOperationException">The router already belongs to a layer.</exception>
    /// <exception cref="ConfigException">The parts do not fit the count of experts.</exception>
    internal void Initialize(string name, int hiddenSize, int expertCount, Rng? rng)
    {
        if (ExpertCount != 0)
        {
            throw new InvalidOperationException($"router: it already belongs to a layer. Make a new one for '{name}'.");
        }

        var faults = new List<string>();
        Select.Validate(expertCount, faults);
        ConfigException.ThrowIfAny("Router", faults);
        ExpertCount = expertCount;
        Logits.Initialize(name, hiddenSize, expertCount, rng);
        Noise?.Initialize(name, hiddenSize, expertCount, rng);
        Bias?.Initialize(expertCount);
    }

    /// <summary>Routes tokens.</summary>
    /// <param name="x">Tokens <c>[T, D]</c>.</param>
    /// <param name="context">The step.</param>
    /// <param name="layer">Number of the layer, told to observers.</param>
    public RoutingDecision Route(Tensor x, RoutingContext context, int layer = 0)
    {
        Tensor input = context.IsTraining && InputJitter > 0 ? Jitter(x, context) : x;
        Tensor logits = Logits.Apply(input);
        Tensor? noiseScale = context.IsTraining ? Noise?.Scale(input) : null;
        return Decide(logits, context, layer, noiseScale);
    }

    /// <summary>Everything after the logits.</summary>
    /// <param name="logits">Clean router logits <c>[T, E]</c>.</param>
    /// <param name="context">The step.</param>
    /// <param name="layer">Number of the layer, told to observers.</param>
    /// <param name="noiseScale">Standard deviation of the noise <c>[T, E]</c>, where it depends on the token.</param>
    public RoutingDecision Decide(Tensor logits, RoutingContext context, int layer = 0, Tensor? noiseScale = null)
    {
        if (context.IsCausal && LooksAhead)
        {
            throw new InvalidOperationException(
                "router: its choice for a token depends on later tokens, so it cannot be used in a causal decoder. "
                + "Use a router that looks at one token at a time (top-k), or a model that sees whole sequences.");
        }

        // 1. Logits, noise, scores.
        TensorScope scope = logits.Scope!;
        Tensor noisy = context.IsTraining && Noise is not null ? Noise.Apply(logits, noiseScale, context.RequireNoise("router")) : logits;
        Tensor scores = Score.Apply(noisy);

        // 2. The choice: scores with the bias, seen by interventions.
        int topK = Select.Width(logits.Columns);
        Indices ids = scope.NewIndices(logits.Rows * topK);
        Indices? positions = Select.GivesPositions ? scope.NewIndices(ids.Length) : null;
        Tensor choiceScores = ChoiceScores(Select.ChoosesByLogits ? noisy : scores, context, layer);
        Select.Choose(new SelectInput(choiceScores, noisy, context, positions), ids);
        if (!RoutesPadding)
        {
            RemovePadding(ids, topK, context);
        }

        context.Intervention?.AfterChoice(layer, ids);
        if (context.Intervention is { IsThinning: true } thinning)
        {
            Tensor before = Weigh.Apply(new WeighInput(scores, noisy, ids, ids, topK, context));
            thinning.Thin(layer, new RoutingChoice(ids, before, choiceScores));
        }

        // 3. What is kept of it.
        Indices served = ids;
        int capacity = int.MaxValue;
        if (Retention is not null)
        {
            Tensor before = Weigh.Apply(new WeighInput(scores, noisy, ids, ids, topK, context));
            served = Retention.Apply(scores, before, ids, context);
        }

        if (Capacity is not null)
        {
            int choices = Select.ChoicesPerToken(logits.Columns);
            Tensor? before = Capacity.Priority == CapacityPriority.ChoiceWeight
                ? Weigh.Apply(new WeighInput(scores, noisy, ids, served, topK, context))
                : null;
            served = Capacity.Apply(new CapacityInput(scores, before, ids, served, topK, choices, context), out positions, out capacity);
        }

        // 4. Weights.
        if (RoutesPadding)
        {
            // Padding took places in buffers; now it goes.
            Indices all = served;
            served = scope.NewIndices(all.Length);
            all.Span.CopyTo(served.Span);
            RemovePadding(served, topK, context);
        }

        Tensor weights = Weigh.Apply(new WeighInput(scores, noisy, ids, served, topK, context));
        context.Intervention?.AfterWeights(layer, served, weights);
        return new RoutingDecision
        {
            Logits = Logits.IsEmpty ? null : logits,
            NoisyLogits = Logits.IsEmpty ? null : noisy,
            NoiseScale = noiseScale,
            Scores = Logits.IsEmpty ? null : scores,
            ScoresSumToOne = Score.SumsToOne,
            Ids = ids,
            ServedIds = served,
            Weights = weights,
            Positions = positions,
            Capacity = capacity,
            ExpertCount = logits.Columns,
        };
    }

    private Tensor Jitter(Tensor x, RoutingContext context)
    {
        Tensor factors = x.Scope!.New(x.Shape);
        context.RequireNoise("router jitter").FillUniform(factors.Span);
        foreach (ref float factor in factors.Span)
        {
            factor = 1 - InputJitter + (2 * InputJitter * factor);
        }

        return MultiplyOp.Apply(x, factors);
    }

    private Tensor ChoiceScores(Tensor scores, RoutingContext context, int layer)
    {
        if (Bias is null && context.Intervention is null)
        {
            return scores;
        }

        Tensor choice = scores.Scope!.New(scores.Shape);
        scores.Span.CopyTo(choice.Span);
        if (Bias is not null)
        {
            ReadOnlySpan<float> bias = Bias.Value.Span;
            for (int t = 0; t < choice.Rows; t++)
            {
                TensorPrimitives.Add(choice.Row(t), bias, choice.Row(t));
            }
        }

        context.Intervention?.BeforeChoice(layer, choice);
        return choice;
    }

    /// <summary>Padding goes to no expert.</summary>
    private static void RemovePadding(Indices ids, int topK, RoutingContext context)
    {
        if (context.Padding is not { } padding)
        {
            return;
        }

        for (int t = 0; t < padding.Length; t++)
        {
            if (padding[t] != 0)
            {
                ids.Span.Slice(t * topK, topK).Fill(-1);
            }
        }
    }
}
