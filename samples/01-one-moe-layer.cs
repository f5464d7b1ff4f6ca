#:project ../src/MoeSharp/MoeSharp.csproj
// One Mixture-of-Experts layer: build it from parts, send tokens through, look at who went where, and take a gradient.
using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

using var scope = new TensorScope(record: true);   // owns every intermediate; its tape records for gradients
Tensor x = scope.New(new TensorShape(64, 256));    // 64 tokens of hidden size 256
new Rng(seed: 7).FillNormal(x.Span, standardDeviation: 1);

// [layer]
var layer = new MoeLayer(
    hiddenSize: 256,
    experts: ExpertBank.SwiGlu(count: 8, intermediateSize: 512),
    router: Router.Mixtral(topK: 2),
    balance: Balance.LoadBalancing(coefficient: 0.01f));

MoeOutput y = layer.Forward(x);                    // x [64, 256] → y.Hidden [64, 256]

var load = new int[8];
y.Routing.CountServed(load);                       // how many tokens each expert got
Console.WriteLine($"tokens per expert: {string.Join(' ', load)}");
Span<float> weights = y.Routing.Weights.Row(0);
Console.WriteLine($"token 0: expert {y.Routing.Ids[0]} by {weights[0]:F3}, expert {y.Routing.Ids[1]} by {weights[1]:F3}");

BalanceResult balance = layer.Balance!.Reduce([y.Balance!]);
Console.WriteLine($"load balancing: {balance.Printed(0):F3} (1 is balanced, 8 is one expert for all)");
// [/layer]

// [router]
var router = new Router(Score.Sigmoid, Select.GroupLimitedTopK(k: 4, groups: 4, keep: 2), Weigh.Normalized(scale: 2.5f))
{
    Bias = new ExpertBias(updateRate: 1e-3f),      // DeepSeek-V3 in small: a bias that chooses and never weighs
};
var fine = new MoeLayer(256, ExpertBank.SwiGlu(count: 16, intermediateSize: 128), router, shared: new SharedExpert(512));
// [/router]
MoeOutput z = fine.Forward(x);
Console.WriteLine($"fine-grained: token 0 goes to experts {string.Join(' ', z.Routing.Ids.Span[..4].ToArray())}, all within 2 of 4 groups");

// [gradient]
Tensor loss = AddOp.Apply(MeanOp.Apply(MultiplyOp.Apply(y.Hidden, y.Hidden)), balance.Total!);
scope.Tape!.Backward(loss);
foreach (var parameter in layer.Parameters)
{
    Console.WriteLine($"{parameter}: largest gradient {parameter.Gradient!.ToArray().Max(MathF.Abs):E2}");
}
// [/gradient]
