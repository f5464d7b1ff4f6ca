using MoeSharp.Experts;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Experts;

public class MoeLayerAllocationTests
{
    [Theory]
    [InlineData("mixtral")]
    [InlineData("deepseek-v3")]
    [InlineData("softmax after top-k")]
    public void Decode_allocates_nothing_on_the_managed_heap(string name)
    {
        Router router = name switch
        {
            "mixtral" => Router.Mixtral(),
            "deepseek-v3" => Router.DeepSeekV3(2, groups: 4, keep: 2),
            _ => Router.SoftmaxAfterTopK(2),
        };
        var layer = new MoeLayer(32, ExpertBank.SwiGlu(8, 48), router, shared: new SharedExpert(16));
        using var workers = new Workers(1);
        using var scope = new TensorScope(workers: workers);
        var context = new RoutingContext { MeasuresBalance = false };
        void Step()
        {
            layer.Forward(scope.Zeros(new(1, 32)), context);
            scope.Reset();
        }

        LeastAllocation.Of(Step, steps: 50, rounds: 1);
        LeastAllocation.Of(Step, steps: 50).ShouldBeLessThan(1000);
    }
}
