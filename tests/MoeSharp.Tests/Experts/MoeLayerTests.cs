using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Tests.Experts;

public class MoeLayerTests
{
    public static TheoryData<string> Routers => [.. s_routers.Keys];

    private static readonly Dictionary<string, Func<Router>> s_routers = new()
    {
        ["mixtral"] = () => Router.Mixtral(2),
        ["olmoe"] = () => Router.Olmoe(3),
        ["qwen3"] = () => Router.Qwen3Moe(2),
        ["deepseek-v3"] = () => Router.DeepSeekV3(2, groups: 2, keep: 1),
        ["switch"] = () => Router.Switch(capacityFactor: 4),
    };

    [Theory]
    [MemberData(nameof(Routers))]
    public void Gradients_agree_with_differences(string name)
    {
        var layer = new MoeLayer(6, ExpertBank.SwiGlu(4, 5), s_routers[name](), Balance.HuggingFace(0.1f), seed: 3);
        foreach (Parameter parameter in layer.Parameters)
        {
            new Rng(7, (ulong)parameter.Name.Length).FillNormal(parameter.Value.Span, 0.7f);
        }

        Tensor x = Tensor.Zeros(new(5, 6));
        new Rng(11).FillNormal(x.Span, 1);
        GradientCheck.Run(
            scope => layer.Forward(scope.From(x.Span, x.Shape)).Hidden,
            [.. layer.Parameters.Select(parameter => parameter.Value)],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Fact]
    public void Every_token_gets_the_weighted_sum_of_its_experts()
    {
        var layer = new MoeLayer(4, ExpertBank.SwiGlu(3, 5), Router.Mixtral(2), seed: 5);
        using var scope = new TensorScope();
        Tensor x = scope.New(new(7, 4));
        new Rng(1).FillNormal(x.Span, 1);
        MoeOutput y = layer.Forward(x);
        var bank = (FeedForwardBank)layer.Experts;
        for (int t = 0; t < 7; t++)
        {
            var expected = new double[4];
            for (int k = 0; k < 2; k++)
            {
                double[] one = Expert(bank, y.Routing.Ids[(t * 2) + k], x.Row(t));
                for (int d = 0; d < 4; d++)
                {
                    expected[d] += y.Routing.Weights.Row(t)[k] * one[d];
                }
            }

            for (int d = 0; d < 4; d++)
            {
                ((double)y.Hidden.Row(t)[d]).ShouldBe(expected[d], 1e-6);
            }
        }
    }

    private static double[] Expert(FeedForwardBank bank, int e, ReadOnlySpan<float> x)
    {
        int width = bank.IntermediateSize, size = x.Length;
        var inside = new double[width];
        for (int f = 0; f < width; f++)
        {
            double a = 0, b = 0;
            for (int d = 0; d < size; d++)
            {
                a += x[d] * bank.GateProjection!.Value.Slice(e).Row(f)[d];
                b += x[d] * bank.UpProjection.Value.Slice(e).Row(f)[d];
            }

            inside[f] = a / (1 + Math.Exp(-a)) * b;
        }

        var y = new double[size];
        for (int d = 0; d < size; d++)
        {
            for (int f = 0; f < width; f++)
            {
                y[d] += inside[f] * bank.DownProjection.Value.Slice(e).Row(d)[f];
            }
        }

        return y;
    }
}
