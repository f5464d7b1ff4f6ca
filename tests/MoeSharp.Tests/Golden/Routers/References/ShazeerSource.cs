using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>Noisy top-k in its PyTorch port, and with the load of the paper.</summary>
internal static class ShazeerSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        Tensor logits = run.Logits();
        int[] shape = golden.Shape("inputs/raw_noise_stddev");
        Tensor raw = run.Input("raw_noise_stddev", "inputs/raw_noise_stddev", shape[0], shape[1]);
        bool paper = golden.Name.StartsWith("paper", StringComparison.Ordinal);
        var noise = LogitNoise.Learned(golden.Float("params/noise_epsilon"));
        var router = new Router(
            Score.Softmax, Select.TopK(golden.Int("params/k")), paper ? Weigh.SoftmaxOverChosen : Weigh.Normalized(epsilon: 1e-6f))
        {
            Noise = noise,
        };
        var context = new RoutingContext
        {
            IsTraining = golden.Bool("params/train"),
            Noise = new GivenNoise().Normal(golden.Floats("inputs/standard_normal")),
        };
        RoutingDecision decision = router.Decide(logits, context, noiseScale: noise.Deviation(raw));
        run.Add(decision);
        Tensor gates = (Tensor)run.Outputs["gates"];
        run.Outputs["importance"] = SegmentSumOp.Apply(gates, null, null);
        var load = new LoadLoss(noise) { ThresholdFromScores = !paper };
        Tensor probabilities = load.Probabilities(decision, context);
        run.Outputs["prob_in_top_k"] = probabilities;
        run.Outputs["load"] = SegmentSumOp.Apply(probabilities, null, null);
        run.Losses["importance_cv_squared"] = ReferenceSources.Loss(new ImportanceLoss(), decision, context);
        run.Losses["load_cv_squared"] = ReferenceSources.Loss(load, decision, context);
        run.Tolerances["importance_cv_squared"] = run.Tolerances["load_cv_squared"] = 1e-4;
    }
}
