using System.Globalization;
using System.Text.Json;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Tests.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Golden.Numerics;

/// <summary>Losses against PyTorch: every case of <c>losses.json</c>, value within 1e-5 relative + 1e-6, gradient within 1e-4 + 1e-6.</summary>
public class LossGoldenTests
{
    private static readonly NumericsFile s_file = new("losses.json");

    public static TheoryData<string> Cases => [.. s_file.Names];

    [Fact]
    public void The_file_has_cases() => Cases.Count.ShouldBeGreaterThanOrEqualTo(14);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Value_and_gradient_are_those_of_torch(string name)
    {
        JsonElement golden = s_file[name];
        Tensor logits = NumericsFile.Read(golden.GetProperty("logits"));
        logits.NeedsGradient = true;
        using var scope = new TensorScope(record: true);
        Tensor loss = Loss(name, golden, logits.In(scope));
        NumericsFile.ShouldBeClose(name, loss.Span, [golden.GetProperty("loss").GetSingle()], 1e-5, 1e-6);

        scope.Tape!.Backward(loss);
        Tensor expected = NumericsFile.Read(golden.GetProperty("d_logits"));
        NumericsFile.ShouldBeClose($"{name} gradient", logits.Gradient!.Span, expected.Span, 1e-4, 1e-6);
    }

    private static Tensor Loss(string name, JsonElement golden, Tensor x)
    {
        JsonElement parameters = golden.GetProperty("params");
        if (name.StartsWith("cross_entropy", StringComparison.Ordinal))
        {
            return CrossEntropy(golden, x, parameters);
        }

        if (name.StartsWith("bce", StringComparison.Ordinal))
        {
            JsonElement weight = parameters.GetProperty("pos_weight");
            float[] weights = weight.ValueKind switch
            {
                JsonValueKind.Array => NumericsFile.Floats(weight),
                JsonValueKind.Number => [weight.GetSingle()],
                _ => [],
            };
            return ElementLossOp.Apply(x, NumericsFile.Read(golden.GetProperty("targets")), ElementLoss.BinaryCrossEntropy, weights);
        }

        Tensor targets = NumericsFile.Read(golden.GetProperty("target_logits"));
        if (name.StartsWith("kl_div", StringComparison.Ordinal))
        {
            using var scope = new TensorScope();
            Tensor probabilities = SoftmaxOp.Apply(scope.From(targets.Span, targets.Shape)).Clone();
            return parameters.GetProperty("reduction").GetString() switch
            {
                "batchmean" => KlDivergenceOp.Apply(x, probabilities),
                "mean" => KlDivergenceOp.Apply(x, probabilities, 1f / x.Length),
                _ => KlDivergenceOp.Apply(x, probabilities, 1),
            };
        }

        return name switch
        {
            "mse" => ElementLossOp.Apply(x, targets, ElementLoss.Squared),
            "l1" => ElementLossOp.Apply(x, targets, ElementLoss.Absolute),
            _ when name.StartsWith("huber", StringComparison.Ordinal) => ElementLossOp.Apply(x, targets, ElementLoss.Huber, Trailing(name)),
            _ => ElementLossOp.Apply(x, targets, ElementLoss.SmoothAbsolute, Trailing(name)),
        };
    }

    private static Tensor CrossEntropy(JsonElement golden, Tensor x, JsonElement parameters)
    {
        int ignored = parameters.GetProperty("ignore_index").GetInt32();
        int[] targets = [.. golden.GetProperty("targets").EnumerateArray().Select(t => t.GetInt32() == ignored ? -1 : t.GetInt32())];
        Tensor mean = CrossEntropyOp.Apply(x, targets, (float)NumericsFile.Number(parameters, "label_smoothing", 0));
        return parameters.GetProperty("reduction").GetString() == "sum" ? ScaleOp.Apply(mean, targets.Count(t => t >= 0)) : mean;
    }

    /// <summary>The number at the end of a name, as in <c>huber_delta1</c>.</summary>
    private static float Trailing(string name) =>
        float.Parse(name.AsSpan(name.LastIndexOfAny([.. "_abcdefghijklmnopqrstuvwxyz"]) + 1), CultureInfo.InvariantCulture);
}
