using MoeSharp.Experts.Ops;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Experts.Ops;

/// <summary>Every operation of the experts through the gradient check, with dropped choices, padding, segments and both floors.</summary>
public class ExpertOpsGradientTests
{
    private const int Rows = 5;
    private const int Columns = 6;

    /// <summary>Experts 2 to 5 a row, in another order in each; −1 is a dropped choice.</summary>
    private static readonly int[] s_ids = [0, 3, 1, 2, 5, 4, 4, 0, 3, 1, 2, 0, 5, 3, 2];
    private static readonly int[] s_served = [0, 3, 1, 2, -1, 4, -1, 0, 3, 1, 2, 0, -1, -1, -1];

    private static readonly Tensor s_a = Normal(1, new(Rows, Columns));
    private static readonly Tensor s_b = Normal(2, new(Rows, Columns));
    private static readonly Tensor s_c = Normal(3, new(Rows, 2));
    private static readonly Tensor s_slots = Normal(4, new(4, Columns)); // two slots of two segments
    private static readonly Tensor s_weight = Normal(5, new(Columns));
    private static readonly Tensor s_scale = Normal(6, new(1));

    private static readonly Dictionary<string, Action> s_checks = new()
    {
        ["weights, raw"] = () => Weights(new(NormalizationKind.None) { Scale = 1.5f }),
        ["weights, normalised"] = () => Weights(new(NormalizationKind.Added) { Scale = 2.5f, Epsilon = 1e-3f }),
        ["weights, normalised after drops"] = () => Weights(new(NormalizationKind.Added) { AfterDrop = true }),
        ["weights, Euclidean norm"] = () => Weights(new(NormalizationKind.Added) { Power = 2 }),
        ["weights, norm above its floor"] = () => Weights(new(NormalizationKind.Floor) { Epsilon = 1e-6f }),
        ["weights, norm below its floor"] = () => Weights(new(NormalizationKind.Floor) { Epsilon = 100 }),
        ["softmax over the chosen"] = () => One(x => ChosenSoftmaxOp.Apply(x, Indices.From(s_ids), Indices.From(s_served), 3)),
        ["load probability, threshold excludes the expert"] = () => LoadProbability(excludesSelf: true),
        ["load probability, one threshold"] = () => LoadProbability(excludesSelf: false),
        ["mask of rows"] = () => One(x => SoftmaxOp.Apply(MaskRowsOp.Apply(x, Padding()))),
        ["entropy of the mean"] = () => One(x => MeanEntropyOp.Apply(SegmentSumOp.Apply(SoftmaxOp.Apply(x), null, null), Rows, 0, floor: false)),
        ["entropy of the mean against a target"] =
            () => One(x => MeanEntropyOp.Apply(SegmentSumOp.Apply(SoftmaxOp.Apply(x), null, null), Rows, Math.Log(Columns), floor: true)),
        ["mix"] = () => Check(scope => MixOp.Apply(Leaf(scope, s_a), s_b, s_c), s_a, s_b, s_c),
        ["normalize"] = () => One(x => NormalizeOp.Apply(x), positive: true),
        ["remainder"] = () => Check(scope => RemainderOp.Apply(Leaf(scope, s_a), s_c), s_a, s_c),
        ["entropy of rows"] = () => One(x => RowEntropyOp.Apply(x, Indices.From([1, 0, 1, 1, 0]))),
        ["row weight"] = () => Check(scope => RowWeightOp.Apply(Leaf(scope, s_a), s_weight, 1.7f), s_a, s_weight),
        ["learned scale"] = () => Check(scope => ScalarScaleOp.Apply(Leaf(scope, s_a), s_scale, limit: null), s_a, s_scale),
        ["learned scale, exponential"] = () => Check(scope => ScalarScaleOp.Apply(Leaf(scope, s_a), s_scale, limit: 4), s_a, s_scale),
        ["weight on the input"] = () => Check(scope => ScaleByChoiceOp.Apply(Leaf(scope, s_a), s_c, Indices.From([3, 0, 9, 4, 7])), s_a, s_c),
        ["scatter of weights"] = () => Check(scope => ScatterWeightsOp.Apply(Leaf(scope, s_c), Indices.From([0, 3, 1, -1, 5, 4, -1, 0, 3, 1]), Columns), s_c),
        ["sigmoid scores"] = () => One(x => ScoreOp.Apply(x, ScoreFunction.Sigmoid, 1e-7f)),
        ["square root of softplus"] = () => One(x => ScoreOp.Apply(x, ScoreFunction.SqrtSoftplus, 0)),
        ["softmax down segments"] = () => One(x => SegmentSoftmaxOp.Apply(x, Starts())),
        ["sums of segments"] = () => One(x => SegmentSumOp.Apply(x, Starts(), Padding())),
        ["tokens to slots"] = () => Check(scope => SlotMixOp.Apply(Leaf(scope, s_c), s_a, Starts(), toSlots: true), s_c, s_a),
        ["slots to tokens"] = () => Check(scope => SlotMixOp.Apply(Leaf(scope, s_c), s_slots, Starts(), toSlots: false), s_c, s_slots),
        ["softplus"] = () => One(x => SoftplusOp.Apply(x, 0.01f)),
        ["sparse mixer"] = () => One(x => SparseMixerOp.Apply(x, Best(x), 0.01f, null, 1f / 3)),
        ["squared variation, unbiased"] = () => One(x => SquaredVariationOp.Apply(x, true, 1e-10), positive: true),
        ["squared variation, of the population"] = () => One(x => SquaredVariationOp.Apply(x, false, 0), positive: true),
        ["unit rows"] = () => One(x => UnitRowsOp.Apply(x.Scope!, x, 1e-6f, floor: false)),
        ["unit rows with a floor"] = () => One(x => UnitRowsOp.Apply(x.Scope!, x, 1e-6f, floor: true)),
        ["router z-loss"] = () => One(x => ZLossOp.Apply(x, Padding(), zeroPadding: false, divisor: 0)),
        ["router z-loss, padding as zeros"] = () => One(x => ZLossOp.Apply(x, Padding(), zeroPadding: true, divisor: 7)),
    };

    public static TheoryData<string> Names => [.. s_checks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_agree_with_differences(string name) => s_checks[name]();

    [Fact]
    public void Every_operation_of_the_folder_is_checked()
    {
        string text = File.ReadAllText(Path.Combine(HouseRules.SourceTree.Root, "tests/MoeSharp.Tests/Experts/Ops/ExpertOpsGradientTests.cs"));
        string[] missing =
        [
            .. HouseRules.SourceTree.Files("src/MoeSharp/Experts/Ops").Select(file => file.Name)
                .Where(name => name.EndsWith("Op", StringComparison.Ordinal) && name != "MixtureLossOp" && !text.Contains(name + ".Apply")),
        ];
        missing.ShouldBeEmpty("MixtureLossOp has MixtureLossTests; all others stand above");
    }

    private static void Weights(Normalization rule) =>
        One(x => ChosenWeightsOp.Apply(x, Indices.From(s_ids), Indices.From(s_served), 3, rule), positive: true);

    private static void LoadProbability(bool excludesSelf)
    {
        // Clean logits, noisy ones that also are the thresholds, and deviations.
        Tensor noisy = Normal(7, new(Rows, Columns)), deviation = Positive(8);
        Check(
            scope =>
            {
                Tensor source = Leaf(scope, noisy);
                return LoadProbabilityOp.Apply(Leaf(scope, s_a), source, source, Leaf(scope, deviation), 0, 2, excludesSelf);
            },
            s_a,
            noisy,
            deviation);
    }

    private static Indices Padding() => Indices.From([0, 0, 1, 0, 1]);

    private static Indices Starts() => Indices.From([0, 2, 5]);

    /// <summary>The two largest of each row, as the sparse mixer chooses.</summary>
    private static Indices Best(Tensor x)
    {
        Indices ids = Indices.Uninitialized(2 * x.Rows);
        for (int t = 0; t < x.Rows; t++)
        {
            MoeSharp.Experts.Routing.TopKSelect.Row(x.Row(t), ids.Span.Slice(2 * t, 2));
        }

        return ids;
    }

    private static void One(Func<Tensor, Tensor> compute, bool positive = false)
    {
        Tensor x = positive ? Positive(9) : Normal(9, new(Rows, Columns));
        Check(scope => compute(Leaf(scope, x)), x);
    }

    private static void Check(Func<TensorScope, Tensor> compute, params Tensor[] inputs) =>
        GradientCheck.Run(compute, inputs, step: 3e-3f, tolerance: 1e-2);

    private static Tensor Normal(ulong seed, TensorShape shape)
    {
        Tensor x = Tensor.Zeros(shape);
        new Rng(seed).FillNormal(x.Span, 1);
        return x;
    }

    private static Tensor Positive(ulong seed)
    {
        Tensor x = Normal(seed, new(Rows, Columns));
        foreach (ref float value in x.Span)
        {
            value = 0.2f + MathF.Abs(value);
        }

        return x;
    }

    private static Tensor Leaf(TensorScope scope, Tensor free) => AddOp.Apply(scope.Zeros(free.Shape), free);
}
