using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Experts.Soft;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Tests.Experts.Soft;

public class SoftMoeLayerTests
{
    private static readonly RoutingContext s_two = new()
    {
        GroupStarts = Indices.From([0, 3, 7]),
        Padding = Indices.From([0, 0, 0, 0, 0, 0, 1]),
    };

    [Theory]
    [InlineData(SlotNorm.Unit)]
    [InlineData(SlotNorm.RootSize)]
    [InlineData(SlotNorm.Layer)]
    public void Gradients_agree_with_differences(SlotNorm norm)
    {
        var layer = new SoftMoeLayer(5, ExpertBank.Gelu(2, 4, hasBias: true), slots: 2, norm);
        MoeLayerGradientTests.Scatter(layer.Parameters);
        Tensor x = Tensor.Zeros(new(7, 5));
        new Rng(3).FillNormal(x.Span, 1);
        GradientCheck.Run(
            scope => layer.Forward(MoeLayerGradientTests.Leaf(scope, x), s_two),
            [x, .. layer.Parameters.Select(parameter => parameter.Value)],
            step: 1e-3f,
            tolerance: 2e-2);
    }

    [Fact]
    public void A_sequence_alone_gets_the_same_as_among_others_and_padding_reaches_no_slot()
    {
        var layer = new SoftMoeLayer(5, ExpertBank.Gelu(2, 4), slots: 2);
        using var scope = new TensorScope();
        float[] values = new float[35];
        new Rng(4).FillNormal(values, 1);
        float[] together = layer.Forward(scope.From(values, new(7, 5)), s_two).ToArray();
        float[] first = layer.Forward(scope.From(values.AsSpan(0, 15), new(3, 5))).ToArray();
        float[] second = layer.Forward(scope.From(values.AsSpan(15, 15), new(3, 5))).ToArray();
        together[..15].Zip(first).Max(pair => MathF.Abs(pair.First - pair.Second)).ShouldBeLessThan(1e-6f);
        together[15..30].Zip(second).Max(pair => MathF.Abs(pair.First - pair.Second)).ShouldBeLessThan(1e-6f);
    }

    [Fact]
    public void A_causal_context_is_refused()
    {
        var layer = new SoftMoeLayer(5, ExpertBank.Gelu(2, 4));
        using var scope = new TensorScope();
        Should.Throw<InvalidOperationException>(() => layer.Forward(scope.Zeros(new(2, 5)), new RoutingContext { IsCausal = true }))
            .Message.ShouldStartWith("soft moe: its slots mix later tokens into earlier ones");
    }
}
