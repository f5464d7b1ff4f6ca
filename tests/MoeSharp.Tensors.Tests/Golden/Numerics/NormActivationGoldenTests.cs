using System.Text.Json;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Tests.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Golden.Numerics;

/// <summary>Norms, activations and softmax against PyTorch: values within 1e-5 relative + 1e-6, gradients within 1e-4 + 1e-6.</summary>
public class NormActivationGoldenTests
{
    private static readonly NumericsFile s_file = new("norms_activations.json");

    /// <summary>What the product does not offer, with the reason.</summary>
    private static readonly Dictionary<string, string> s_skipped = new()
    {
        ["group_norm"] = "no model of this library normalises groups of channels",
    };

    private static readonly Dictionary<string, Activation> s_activations = new()
    {
        ["act_silu"] = Activation.Silu,
        ["act_gelu_exact"] = Activation.Gelu,
        ["act_gelu_tanh"] = Activation.GeluTanh,
        ["act_relu"] = Activation.Relu,
        ["act_relu_squared"] = Activation.ReluSquared,
        ["act_sigmoid"] = Activation.Sigmoid,
        ["act_softplus"] = Activation.Softplus,
        ["act_softplus_large"] = Activation.Softplus,
        ["act_tanh"] = Activation.Tanh,
        ["act_quick_gelu"] = Activation.QuickGelu,
        ["act_mish"] = Activation.Mish,
        ["act_elu"] = Activation.Elu,
        ["act_identity"] = Activation.Identity,
    };

    public static TheoryData<string> Cases => [.. s_file.Names.Where(name => !s_skipped.Keys.Any(name.StartsWith))];

    [Fact]
    public void One_case_is_skipped()
    {
        s_skipped.Count.ShouldBe(1);
        s_file.Names.Count().ShouldBe(Cases.Count + 1);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_those_of_torch(string name)
    {
        JsonElement golden = s_file[name], parameters = golden.GetProperty("params");
        Dictionary<string, Tensor> inputs = golden.GetProperty("inputs").EnumerateObject()
            .ToDictionary(input => input.Name, input => NumericsFile.Read(input.Value));
        (Tensor Left, Tensor Right)? halves = null;
        if (inputs.TryGetValue("gate_up", out Tensor? both))
        {
            bool isInterleaved = name.Contains("interleaved", StringComparison.Ordinal);
            halves = Split(both, isInterleaved);
        }

        using var scope = new TensorScope(record: true);
        foreach (Tensor input in halves is { } pair ? [pair.Left, pair.Right] : inputs.Values.ToArray())
        {
            input.NeedsGradient = true;
        }

        float epsilon = (float)NumericsFile.Number(parameters, "eps", 0);
        Tensor y = name switch
        {
            _ when name.StartsWith("rms_norm", StringComparison.Ordinal) => RmsNormOp.Apply(inputs["x"].In(scope), inputs["weight"], epsilon),
            _ when name.StartsWith("layer_norm", StringComparison.Ordinal) =>
                LayerNormOp.Apply(inputs["x"].In(scope), inputs["weight"], inputs.GetValueOrDefault("bias"), epsilon),
            _ when name.StartsWith("swiglu", StringComparison.Ordinal) => Gated(Activation.Silu),
            _ when name.StartsWith("geglu_exact", StringComparison.Ordinal) => Gated(Activation.Gelu),
            _ when name.StartsWith("geglu_tanh", StringComparison.Ordinal) => Gated(Activation.GeluTanh),
            _ when name.StartsWith("reglu", StringComparison.Ordinal) => Gated(Activation.Relu),
            _ when name.StartsWith("gpt_oss_swiglu", StringComparison.Ordinal) => ClampedSwiGluOp.Apply(
                halves!.Value.Left.In(scope),
                halves.Value.Right.In(scope),
                (float)NumericsFile.Number(parameters, "alpha", 1.702),
                (float)NumericsFile.Number(parameters, "limit", 7)),
            _ when name.StartsWith("softmax", StringComparison.Ordinal) => SoftmaxOp.Apply(inputs["x"].In(scope)),
            _ when name.StartsWith("log_softmax", StringComparison.Ordinal) => LogSoftmaxOp.Apply(inputs["x"].In(scope)),
            _ => ActivationOp.Apply(inputs["x"].In(scope), s_activations[name]),
        };
        NumericsFile.ShouldBeClose($"{name} output", y.Span, NumericsFile.Read(golden.GetProperty("output")).Span, 1e-5, 1e-6);

        scope.Tape!.Backward(y, NumericsFile.Read(golden.GetProperty("R")));
        foreach (JsonProperty gradient in golden.GetProperty("grads").EnumerateObject())
        {
            Tensor expected = NumericsFile.Read(gradient.Value);
            if (halves is { } parts)
            {
                (Tensor left, Tensor right) = Split(expected, name.Contains("interleaved", StringComparison.Ordinal));
                NumericsFile.ShouldBeClose($"{name} {gradient.Name} left", parts.Left.Gradient!.Span, left.Span, 1e-4, 1e-6);
                NumericsFile.ShouldBeClose($"{name} {gradient.Name} right", parts.Right.Gradient!.Span, right.Span, 1e-4, 1e-6);
            }
            else
            {
                NumericsFile.ShouldBeClose($"{name} {gradient.Name}", inputs[gradient.Name[2..]].Gradient!.Span, expected.Span, 1e-4, 1e-6);
            }
        }

        Tensor Gated(Activation activation) =>
            GatedActivationOp.Apply(halves!.Value.Left.In(scope), halves.Value.Right.In(scope), activation);
    }

    private static (Tensor Left, Tensor Right) Split(Tensor both, bool isInterleaved)
    {
        int half = both.Columns / 2;
        Tensor left = Tensor.Zeros(new(both.Rows, half)), right = Tensor.Zeros(left.Shape);
        for (int row = 0; row < both.Rows; row++)
        {
            for (int i = 0; i < half; i++)
            {
                left.Row(row)[i] = both.Row(row)[isInterleaved ? 2 * i : i];
                right.Row(row)[i] = both.Row(row)[isInterleaved ? (2 * i) + 1 : half + i];
            }
        }

        return (left, right);
    }
}
