using MoeSharp.Models.Conversion;

namespace MoeSharp.Tests.Models.Conversion;

public class GgufTensorNameTests
{
    [Theory]
    [InlineData("token_embd.weight", TensorRole.Embedding, "embedding")]
    [InlineData("output.weight", TensorRole.Head, "head")]
    [InlineData("output_norm.weight", TensorRole.Vector, "norms")]
    [InlineData("blk.3.attn_v.weight", TensorRole.Value, "attention")]
    [InlineData("blk.3.attn_v.bias", TensorRole.Vector, "norms")]
    [InlineData("blk.3.attn_kv_a_mqa.weight", TensorRole.Attention, "attention")]
    [InlineData("blk.3.attn_sinks.weight", TensorRole.Vector, "norms")]
    [InlineData("blk.3.ffn_gate_inp.weight", TensorRole.Router, "router")]
    [InlineData("blk.3.ffn_gate_inp_shexp.weight", TensorRole.Router, "router")]
    [InlineData("blk.3.exp_probs_b.bias", TensorRole.Vector, "norms")]
    [InlineData("blk.3.ffn_down.weight", TensorRole.DownProjection, "feedForward")]
    [InlineData("blk.3.ffn_down_exps.weight", TensorRole.DownProjection, "experts")]
    [InlineData("blk.3.ffn_down.17.weight", TensorRole.DownProjection, "experts")]
    [InlineData("blk.3.ffn_up_shexp.weight", TensorRole.UpProjection, "sharedExperts")]
    [InlineData("rope_freqs.weight", TensorRole.Vector, "norms")]
    public void A_name_says_role_and_part(string name, TensorRole role, string part)
    {
        GgufTensorName parsed = GgufTensorName.Parse(name);
        parsed.Role.ShouldBe(role);
        parsed.Part.ShouldBe(part);
        parsed.Layer.ShouldBe(name.StartsWith("blk.", StringComparison.Ordinal) ? 3 : null);
    }

    [Fact]
    public void A_stack_names_its_experts()
    {
        GgufTensorName.Parse("blk.12.ffn_down_exps.weight").OfExpert(5).ShouldBe("blk.12.ffn_down.5.weight");
        Should.Throw<InvalidOperationException>(() => GgufTensorName.Parse("blk.12.ffn_down.weight").OfExpert(5));
    }
}
