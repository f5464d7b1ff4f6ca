using MoeSharp.Experts.Routing;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>transformers: PhiMoE's sparsemixer.</summary>
internal static class SparseMixerSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        float jitter = golden.Float("params/jitter_eps");
        var noise = new GivenNoise();
        if (golden.Bool("params/training"))
        {
            noise.Exponential(golden.Floats("inputs/exponential_first")).Exponential(golden.Floats("inputs/exponential_second"));
            noise.Uniform(golden.Floats("inputs/uniform_first")).Uniform(golden.Floats("inputs/uniform_second"));
        }

        // The package writes the third as 0.3333.
        var router = new Router(Score.Identity, Select.SparseMixer(jitter), Weigh.SparseMixer(jitter, lowFactor: 0.3333f));
        run.Add(router.Decide(run.Logits(), new RoutingContext { IsTraining = golden.Bool("params/training"), Noise = noise }));
    }
}
