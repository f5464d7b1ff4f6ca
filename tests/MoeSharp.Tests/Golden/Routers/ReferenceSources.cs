using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tests.Golden.Routers.References;

namespace MoeSharp.Tests.Golden.Routers;

/// <summary>From the parameter names of a source to the product's parts; no mathematics of routing lives here.</summary>
public static class ReferenceSources
{
    private static readonly Dictionary<string, Action<GoldenRun>> s_sources = new()
    {
        ["base_balanced_assignment"] = BaseSource.Run,
        ["deepspeed"] = DeepSpeedSource.Run,
        ["flaxformer"] = FlaxformerSource.Run,
        ["hf_capacity"] = HuggingFaceCapacitySource.Run,
        ["hf_losses"] = HuggingFaceLossSource.Run,
        ["hf_phimoe_sparsemixer"] = SparseMixerSource.Run,
        ["hf_topk"] = HuggingFaceTopKSource.Run,
        ["limoe_entropy_formula"] = LimoeSource.Run,
        ["megablocks"] = MegaBlocksSource.Run,
        ["megatron_core"] = MegatronCoreSource.Run,
        ["olmo_core"] = OlmoCoreSource.Run,
        ["remoe"] = ReMoeSource.Run,
        ["shazeer_noisy_topk"] = ShazeerSource.Run,
        ["soft_moe_pytorch"] = SoftMoeSource.Run,
        ["st_moe"] = StMoeSource.Run,
        ["torchtitan"] = TorchTitanSource.Run,
        ["tutel"] = TutelSource.Run,
        ["vmoe"] = VMoeSource.Run,
    };

    public static GoldenRun Run(GoldenCase golden, TensorScope scope)
    {
        var run = new GoldenRun(golden, scope);
        s_sources[golden.File](run);
        return run;
    }

    /// <summary>One loss of one layer's decision.</summary>
    public static Tensor Loss(BalanceLoss loss, in RoutingDecision decision, RoutingContext context) =>
        loss.Reduce([loss.Measure(decision, context)]);

    /// <summary>A router whose logits are given, with its bias set.</summary>
    public static Router Prepared(Router router, int experts, GoldenCase golden, string? bias = null)
    {
        router.Initialize("router", 1, experts, rng: null);
        if (bias is not null && golden.Has(bias))
        {
            golden.Floats(bias).CopyTo(router.Bias!.Value.Span);
        }

        return router;
    }
}
