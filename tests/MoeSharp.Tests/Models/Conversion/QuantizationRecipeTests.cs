using MoeSharp.Models.Conversion;

namespace MoeSharp.Tests.Models.Conversion;

public class QuantizationRecipeTests
{
    private static readonly RecipeFacts s_facts = new(LayerCount: 32, ExpertCount: 64, QueryGroupSize: 4);

    [Theory]
    [InlineData("Q4_K", "Q5_0")]
    [InlineData("Q5_K", "Q5_1")]
    [InlineData("Q6_K", "Q8_0")]
    [InlineData("Q3_K", "IQ4_NL")]
    [InlineData("Q2_K", "IQ4_NL")]
    [InlineData("IQ4_XS", "IQ4_NL")]
    public void A_row_that_is_no_whole_block_takes_smaller_blocks(string asked, string given)
    {
        QuantizationRecipe recipe = QuantizationRecipe.Parse(asked, pure: true);
        TensorChoice choice = recipe.Choose("blk.9.ffn_up.weight", [64, 96], s_facts);
        choice.Format.Name.ShouldBe(given);
        choice.Reason.ShouldBe($"rows of 96 are no whole blocks of {asked} (256)");
        recipe.Choose("blk.9.ffn_up.weight", [64, 100], s_facts).Format.Name.ShouldBe("F16");
        recipe.Choose("blk.9.ffn_up.weight", [64, 512], s_facts).ShouldBe(new TensorChoice(recipe.Format));
    }

    [Theory]
    [InlineData("blk.9.ffn_gate_inp.weight")]
    [InlineData("blk.9.attn_norm.weight")]
    [InlineData("blk.9.attn_q.bias")]
    [InlineData("blk.9.ffn_down_exps.bias")]
    [InlineData("blk.9.attn_sinks.weight")]
    [InlineData("blk.9.exp_probs_b.bias")]
    public void Router_norms_biases_and_sinks_never_fall_below_F32(string name)
    {
        QuantizationRecipe recipe = QuantizationRecipe.Parse("Q4_0") with { Rules = [QuantizationRule.Parse("*=Q8_0")] };
        foreach (long[] shape in (long[][])[[256], [64, 256], [256, 1]])
        {
            TensorChoice choice = recipe.Choose(name, shape, s_facts);
            choice.Format.Name.ShouldBe("F32");
            choice.Reason.ShouldNotBeNull();
        }
    }

    [Theory]
    [InlineData("Q4_K_M", "blk.0.ffn_down_exps.weight", "Q6_K")]
    [InlineData("Q4_K_M", "blk.4.ffn_down_exps.weight", "Q4_K")]
    [InlineData("Q4_K_M", "blk.6.ffn_down_exps.weight", "Q6_K")]
    [InlineData("Q4_K_M", "blk.31.attn_v.weight", "Q6_K")]
    [InlineData("Q4_K_M", "blk.31.attn_q.weight", "Q4_K")]
    [InlineData("Q4_K_S", "blk.3.attn_v.weight", "Q5_K")]
    [InlineData("Q4_K_S", "blk.4.attn_v.weight", "Q4_K")]
    [InlineData("Q3_K_M", "blk.1.attn_v.weight", "Q5_K")]
    [InlineData("Q3_K_M", "blk.1.ffn_down.weight", "Q5_K")]
    [InlineData("Q3_K_M", "blk.2.ffn_down.weight", "Q4_K")]
    [InlineData("Q3_K_M", "blk.2.attn_output.weight", "Q4_K")]
    [InlineData("Q3_K_S", "blk.2.attn_output.weight", "Q3_K")]
    [InlineData("Q3_K_L", "blk.20.ffn_down.weight", "Q5_K")]
    [InlineData("Q2_K", "blk.20.attn_v.weight", "Q4_K")]
    [InlineData("Q2_K", "blk.20.ffn_down.weight", "Q3_K")]
    [InlineData("Q2_K", "blk.20.ffn_up.weight", "Q2_K")]
    [InlineData("Q5_K_M", "blk.2.ffn_down.weight", "Q6_K")]
    [InlineData("Q6_K", "blk.2.ffn_down.weight", "Q6_K")]
    [InlineData("IQ4_XS", "blk.2.ffn_down.weight", "Q5_K")]
    [InlineData("IQ4_XS", "blk.9.attn_v.weight", "Q5_K")]
    [InlineData("Q4_K_M", "output.weight", "Q6_K")]
    [InlineData("Q4_K_M", "token_embd.weight", "Q4_K")]
    [InlineData("MXFP4_MOE", "blk.9.ffn_up_exps.weight", "MXFP4")]
    [InlineData("MXFP4_MOE", "blk.9.attn_q.weight", "Q8_0")]
    public void A_mixture_gives_more_bits_where_they_matter(string mixture, string name, string format) =>
        QuantizationRecipe.Parse(mixture).Choose(name, [256, 256], s_facts).Format.Name.ShouldBe(format);

    [Fact]
    public void A_tied_embedding_is_stored_as_a_head() =>
        QuantizationRecipe.Parse("Q4_K_M").Choose("token_embd.weight", [256, 256], s_facts with { HasHead = false }).Format.Name.ShouldBe("Q6_K");

    [Fact]
    public void The_first_rule_that_fits_counts()
    {
        QuantizationRecipe recipe = QuantizationRecipe.Parse("q4_k_m") with
        {
            Rules = [QuantizationRule.Parse("blk.1?.ffn_*_exps=Q8_0"), QuantizationRule.Parse("blk.*.ffn_down_exps.weight=Q2_K")],
        };
        recipe.Choose("blk.12.ffn_down_exps.weight", [8, 256, 256], s_facts).Format.Name.ShouldBe("Q8_0");
        recipe.Choose("blk.2.ffn_down_exps.weight", [8, 256, 256], s_facts).Format.Name.ShouldBe("Q2_K");
        recipe.Choose("blk.2.ffn_up_exps.weight", [8, 256, 256], s_facts).Format.Name.ShouldBe("Q4_K");
    }

    [Fact]
    public void What_is_not_known_is_named_with_what_is()
    {
        Should.Throw<ArgumentException>(() => QuantizationRecipe.Parse("Q4_Z")).Message.ShouldStartWith("quantize: there is no type 'Q4_Z'. Choose from F32, ");
        Should.Throw<ArgumentException>(() => QuantizationRule.Parse("blk.*")).Message.ShouldBe(
            "rule 'blk.*': has not the form PATTERN=TYPE. Write, for example, blk.*.ffn_down_exps=Q6_K.");
        Should.Throw<ArgumentException>(() => QuantizationRule.Parse("blk.*=IQ1_S")).Message.ShouldStartWith(
            "rule 'blk.*=IQ1_S': 'IQ1_S' is no type that can be written. Choose from F32, ");
    }

    [Fact]
    public void Hot_experts_get_more_bits_and_cold_ones_fewer()
    {
        QuantizationRecipe recipe = QuantizationRecipe.Parse("Q4_K") with
        {
            Heat = ExpertHeat.Parse("""{"experts": [{"layer": 1, "counts": [2, 60, 0, 38]}]}"""u8.ToArray(), "trace.json"),
        };
        RecipeFacts facts = s_facts with { ExpertCount = 4 };
        recipe.ChooseExperts("blk.1.ffn_up_exps.weight", [4, 256, 256], facts)!.Select(choice => choice.Format.Name)
            .ShouldBe(["Q3_K", "Q5_K", "Q3_K", "Q4_K"]);
        recipe.ChooseExperts("blk.1.ffn_up_exps.weight", [4, 256, 96], facts)!.Select(choice => choice.Format.Name)
            .ShouldBe(["Q4_0", "Q8_0", "Q4_0", "Q5_0"]);
        recipe.ChooseExperts("blk.0.ffn_up_exps.weight", [4, 256, 256], facts).ShouldBeNull();
        recipe.ChooseExperts("blk.1.ffn_up.weight", [256, 256], facts).ShouldBeNull();
        Should.Throw<ArgumentException>(() => recipe.ChooseExperts("blk.1.ffn_up_exps.weight", [8, 256, 256], facts)).Message
            .ShouldBe("trace: has 4 experts in layer 1, and the model 8. It belongs to another model.");
    }
}
