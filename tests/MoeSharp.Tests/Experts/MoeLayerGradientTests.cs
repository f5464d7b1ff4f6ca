using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Experts;

/// <summary>Gradients of whole layers: every kind of router, bank and side part, and of the losses that need noise.</summary>
public class MoeLayerGradientTests
{
    private const int Size = 6;

    private static readonly Dictionary<string, Func<MoeLayer>> s_layers = new()
    {
        ["jacobs"] = () => new(Size, ExpertBank.Gelu(3, 5, hasBias: true), Router.Jacobs()),
        ["gelu"] = () => new(Size, ExpertBank.Gelu(4, 5), Router.Mixtral()),
        ["geglu with bias"] = () => new(Size, ExpertBank.GeGlu(4, 5, hasBias: true), Router.Olmoe(2)),
        ["different widths"] = () => new(Size, ExpertBank.Mixed(ExpertBank.SwiGlu(2, 5), ExpertBank.SwiGlu(2, 3), ExpertBank.Constant(1)), Router.Jacobs()),
        ["softmax after top-k"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.SoftmaxAfterTopK(2, hasBias: true)),
        ["dbrx, p = 2"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.Dbrx(3, normPower: 2)),
        ["deepseek-v2"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.DeepSeekV2(2, 2, 1)),
        ["llama-4"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.Llama4(2)),
        ["phimoe"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.PhiMoe()),
        ["base"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.Base()) { PassesRemainder = true },
        ["sinkhorn"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.SinkhornBase(2)),
        ["cosine"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.Cosine(2, projectionSize: 4)),
        ["sqrt softplus"] = () => new(Size, ExpertBank.SwiGlu(4, 5), new Router(Score.SqrtSoftplus, Select.TopK(2), Weigh.Normalized(scale: 1.5f))),
        ["gshard by deepspeed"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.GShardDeepSpeed(samplesSecond: false)),
        ["expert choice"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.ExpertChoice()),
        ["shared"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.DeepSeekMoe(2), shared: new SharedExpert(7)),
        ["shared with sigmoid"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.Qwen2Moe(2), shared: new SharedExpert(7, hasSigmoid: true)),
        ["residual"] = () => new(Size, ExpertBank.SwiGlu(4, 5), Router.Olmoe(1), residual: new ResidualExpert(7)),
    };

    public static TheoryData<string> Layers => [.. s_layers.Keys];

    [Theory]
    [MemberData(nameof(Layers))]
    public void Parameters_and_input_get_the_gradient_of_the_output(string name)
    {
        MoeLayer layer = s_layers[name]();
        Scatter(layer.Parameters);
        Tensor x = Tensor.Zeros(new(5, Size));
        new Rng(11).FillNormal(x.Span, 1);
        GradientCheck.Run(
            scope => layer.Forward(Leaf(scope, x)).Hidden,
            [x, .. layer.Parameters.Select(parameter => parameter.Value)],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Fact]
    public void Noise_and_its_losses_reach_both_matrices_of_the_noisy_router()
    {
        var router = Router.NoisyTopK(2);
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(4, 3), router, Balance.Shazeer(router.Noise!, 1, 1));
        Scatter(layer.Parameters);
        Tensor x = Tensor.Zeros(new(7, Size));
        new Rng(5).FillNormal(x.Span, 1);
        GradientCheck.Run(
            scope =>
            {
                var context = new RoutingContext { IsTraining = true, Noise = new RngNoise(new Rng(3)) };
                MoeOutput y = layer.Forward(Leaf(scope, x), context);
                return AddOp.Apply(SumOp.Apply(MultiplyOp.Apply(y.Hidden, y.Hidden)), layer.Balance!.Reduce([y.Balance!]).Total!);
            },
            [x, .. router.Parameters.Select(parameter => parameter.Value)],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Fact]
    public void Unchosen_experts_get_zero_gradients()
    {
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(4, 5), Router.Mixtral(1));
        layer.Router.Parameters.Single().Value.Fill(0); // ties: expert 0 takes all
        using var scope = new TensorScope(record: true);
        Tensor y = layer.Forward(scope.From(new float[3 * Size], new(3, Size))).Hidden;
        scope.Tape!.Backward(SumOp.Apply(y));
        var bank = (FeedForwardBank)layer.Experts;
        bank.DownProjection.Gradient!.Slice(2).ToArray().ShouldAllBe(g => g == 0);
    }

    internal static void Scatter(IEnumerable<Parameter> parameters)
    {
        ulong stream = 1;
        foreach (Parameter parameter in parameters)
        {
            new Rng(7, stream++).FillNormal(parameter.Value.Span, 0.7f);
        }
    }

    internal static Tensor Leaf(TensorScope scope, Tensor free) => AddOp.Apply(scope.Zeros(free.Shape), free);
}
