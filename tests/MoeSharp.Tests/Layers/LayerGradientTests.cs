using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Layers;

/// <summary>Every dense layer against central differences: its parameters and its input.</summary>
/// <remarks>Whole decoders are held against PyTorch instead (<c>FamiliesTests</c>): through many layers the rounding of differences is too large.</remarks>
public class LayerGradientTests
{
    private static readonly RopeTable s_rope = Rotary.CreateTable(new RotaryConfig(), headSize: 6, positionCount: 64);

    public static TheoryData<string, AttentionConfig> AttentionKinds
    {
        get
        {
            var plain = new AttentionConfig { HiddenSize = 10, HeadCount = 4, KeyValueHeadCount = 2, HeadSize = 6 };
            return new TheoryData<string, AttentionConfig>
            {
                { "plain", plain },
                { "biases", plain with { HasQueryKeyValueBias = true, HasOutputBias = true } },
                { "norm per head", plain with { QueryKeyNorm = QueryKeyNorm.PerHead } },
                { "norm of the projection", plain with { QueryKeyNorm = QueryKeyNorm.WholeProjection } },
                { "window", plain with { SlidingWindow = 3 } },
                { "one key head", plain with { KeyValueHeadCount = 1 } },
            };
        }
    }

    [Theory]
    [MemberData(nameof(AttentionKinds))]
    public void Attention_has_the_gradient_of_its_values(string kind, AttentionConfig config)
    {
        kind.ShouldNotBeEmpty();
        var attention = new Attention("attention", config, s_rope);
        SequenceLayout layout = SequenceLayout.FromLengths([5, 1, 4]);
        Check(attention.Parameters, 10, 10, x => attention.Forward(x, layout, [], layer: 0));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(null)]
    public void Latent_attention_has_the_gradient_of_its_values(int? queryRank)
    {
        var latent = new LatentSizes { QueryRank = queryRank, KeyValueRank = 7, UnrotatedSize = 4, RotatedSize = 6, ValueSize = 3 };
        var config = new AttentionConfig
        {
            HiddenSize = 10,
            HeadCount = 3,
            KeyValueHeadCount = 3,
            HeadSize = 10,
            HasQueryKeyValueBias = true,
            HasOutputBias = true,
            Latent = latent,
        };
        var attention = new LatentAttention("attention", config, s_rope);
        SequenceLayout layout = SequenceLayout.FromLengths([5, 1, 4]);
        Check(attention.Parameters, 10, 10, x => attention.Forward(x, layout, [], layer: 0));
    }

    [Fact]
    public void The_feed_forward_has_the_gradient_of_its_values()
    {
        foreach (Activation activation in new[] { Activation.Silu, Activation.Gelu, Activation.GeluTanh })
        {
            var network = new FeedForward("network", 7, 9, activation, hasBias: true);
            Check(network.Parameters, 5, 7, network.Forward);
        }
    }

    [Fact]
    public void Norms_have_the_gradient_of_their_values()
    {
        foreach (INorm norm in new INorm[] { new RmsNorm("norm", 8, 1e-5f), new LayerNorm("norm", 8, 1e-5f, hasBias: true) })
        {
            Check(norm.Parameters, 5, 8, norm.Forward);
        }
    }

    private static void Check(IEnumerable<Parameter> parameters, int rows, int columns, Func<Tensor, Tensor> forward)
    {
        Tensor x = Tensor.Uninitialized(new TensorShape(rows, columns));
        Tensor[] tensors = [x, .. parameters.Select(parameter => parameter.Value)];
        for (int i = 0; i < tensors.Length; i++)
        {
            new Rng(1, (ulong)i).FillNormal(tensors[i].Span, 0.5f);
        }

        x.NeedsGradient = true;
        GradientCheck.Run(scope => forward(AddOp.Apply(scope.Zeros(x.Shape), x)), tensors);
    }
}
