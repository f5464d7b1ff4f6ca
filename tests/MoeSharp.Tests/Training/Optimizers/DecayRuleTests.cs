using MoeSharp.Training.Optimizers;

namespace MoeSharp.Tests.Training.Optimizers;

public sealed class DecayRuleTests
{
    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.weight", 2, true, true)]
    [InlineData("model.layers.0.mlp.experts.gate_up_proj", 3, true, true)]
    [InlineData("layers.0.experts.down", 3, true, true)]
    [InlineData("model.embed_tokens.weight", 2, true, true)]
    [InlineData("model.layers.0.mlp.gate.weight", 2, false, true)]
    [InlineData("layers.0.router.weight", 2, false, true)]
    [InlineData("model.layers.0.input_layernorm.weight", 1, false, false)]
    [InlineData("model.layers.0.mlp.experts.gate_up_proj_bias", 2, false, true)]
    [InlineData("model.layers.0.self_attn.q_proj.bias", 1, false, false)]
    [InlineData("model.layers.0.self_attn.sinks", 1, false, false)]
    public void Standard_spares_norms_biases_and_routers_and_matrices_spares_vectors(
        string name, int rank, bool standard, bool matrices)
    {
        DecayRule.Standard.Decays(name, rank).ShouldBe(standard);
        DecayRule.Matrices.Decays(name, rank).ShouldBe(matrices);
    }
}
