using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Experts;

/// <summary>Every preset trains and answers: no preset may stand in the catalogue that cannot be used.</summary>
public class EveryPresetTests
{
    private static readonly Dictionary<string, Func<Router>> s_routers = new()
    {
        ["jacobs"] = Router.Jacobs,
        ["shazeer"] = () => Router.NoisyTopK(2),
        ["gshard"] = () => Router.GShard(),
        ["gshard by deepspeed"] = () => Router.GShardDeepSpeed(),
        ["switch by deepspeed"] = () => Router.SwitchDeepSpeed(),
        ["switch"] = () => Router.Switch(),
        ["st-moe"] = () => Router.StMoe(),
        ["glam"] = Router.Glam,
        ["nllb"] = () => Router.Nllb(),
        ["expert choice"] = () => Router.ExpertChoice(),
        ["v-moe"] = () => Router.VMoe(),
        ["limoe"] = Router.Limoe,
        ["tutel"] = () => Router.Tutel(noise: 1),
        ["cosine"] = () => Router.Cosine(2, 8),
        ["mixtral"] = () => Router.Mixtral(),
        ["olmoe"] = () => Router.Olmoe(2),
        ["qwen2"] = () => Router.Qwen2Moe(2),
        ["qwen3"] = () => Router.Qwen3Moe(2),
        ["dbrx"] = () => Router.Dbrx(),
        ["deepseek-moe"] = () => Router.DeepSeekMoe(2),
        ["deepseek-v2"] = () => Router.DeepSeekV2(2, 4, 2),
        ["deepseek-v3"] = () => Router.DeepSeekV3(2, 4, 2),
        ["llama-4"] = () => Router.Llama4(),
        ["gpt-oss"] = () => Router.SoftmaxAfterTopK(2, hasBias: true),
        ["phimoe"] = () => Router.PhiMoe(),
        ["grok"] = () => Router.Grok(),
        ["longcat"] = () => Router.LongCatFlash(2),
        ["minimax-m2"] = () => Router.MiniMaxM2(2),
        ["ernie"] = () => Router.Ernie45(2),
        ["hash"] = () => Router.Hash([.. Enumerable.Range(0, 50).Select(i => i % 8)]),
        ["pangu"] = () => Router.PanGuSigma([.. Enumerable.Range(0, 50).Select(i => i % 4)], 4),
        ["base"] = Router.Base,
        ["sinkhorn"] = () => Router.SinkhornBase(),
        ["remoe"] = () => Router.ReMoe(2),
    };

    public static TheoryData<string> Names => [.. s_routers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void It_trains_and_answers(string name)
    {
        Router router = s_routers[name]();
        Balance? balance = router.Logits.IsEmpty ? null : Balance.LoadBalancing() + Balance.HuggingFace() + Balance.Switch() + Balance.RouterZ();
        var layer = new MoeLayer(8, ExpertBank.SwiGlu(8, 12), router, balance, new SharedExpert(8)) { PassesRemainder = name == "base" };
        float[] tokens = new float[32 * 8];
        new Rng(3).FillNormal(tokens, 1);
        var rng = new Rng(4);
        RoutingContext Context(bool training) => new()
        {
            IsTraining = training,
            Noise = training ? new RngNoise(rng) : null,
            GroupStarts = Indices.From([0, 13, 32]),
            Padding = Indices.From([.. Enumerable.Range(0, 32).Select(t => t is 12 or 31 ? 1 : 0)]),
            TokenIds = Indices.From([.. Enumerable.Range(0, 32)]),
            DomainIds = Indices.From([.. Enumerable.Range(0, 32).Select(t => t % 2)]),
        };

        using (var scope = new TensorScope(record: true))
        {
            MoeOutput y = layer.Forward(scope.From(tokens, new(32, 8)), Context(training: true));
            y.Routing.Ids.Span[(12 * y.Routing.TopK)..(13 * y.Routing.TopK)].ToArray().ShouldAllBe(id => id == -1);
            Tensor loss = SumOp.Apply(MultiplyOp.Apply(y.Hidden, y.Hidden));
            loss = y.Balance is null ? loss : AddOp.Apply(loss, layer.Balance!.Reduce([y.Balance]).Total!);
            scope.Tape!.Backward(loss);
            foreach (Parameter parameter in layer.Parameters)
            {
                parameter.Gradient.ShouldNotBeNull(parameter.Name).ToArray().ShouldAllBe(g => float.IsFinite(g));
            }
        }

        using var first = new TensorScope();
        using var second = new TensorScope();
        float[] once = layer.Forward(first.From(tokens, new(32, 8)), Context(training: false)).Hidden.ToArray();
        once.ShouldAllBe(value => float.IsFinite(value));
        layer.Forward(second.From(tokens, new(32, 8)), Context(training: false)).Hidden.ToArray().ShouldBe(once);
    }
}
