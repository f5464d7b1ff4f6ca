using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Training;

namespace MoeSharp.Tests.Golden;

/// <summary>A model that remembers the closest call of its routers in the latest pass.</summary>
internal sealed class TrainingTraceModel(ITrainableModel model) : ITrainableModel, IRoutingObserver
{
    private IRoutingObserver? _next;

    /// <summary>The smallest distance, over tokens and layers, between the last router logit chosen and the first that was not.</summary>
    public float SmallestGap { get; private set; } = float.PositiveInfinity;

    public IReadOnlyList<Parameter> Parameters => model.Parameters;

    public IReadOnlyList<NamedTensor> Buffers => model.Buffers;

    public IReadOnlyList<ExpertLayer> ExpertLayers => model.ExpertLayers;

    public ForwardLosses Forward(TensorScope scope, TrainingBatch batch, TrainingPass pass)
    {
        SmallestGap = float.PositiveInfinity;
        _next = pass.Observer;
        return model.Forward(scope, batch, pass with { Observer = this });
    }

    public void EndStep() => model.EndStep();

    public void Save(string folder) => model.Save(folder);

    public void Load(string folder) => model.Load(folder);

    public void Observe(int layer, in RoutingDecision decision)
    {
        _next?.Observe(layer, decision);
        for (int token = 0; token < decision.TokenCount; token++)
        {
            float[] logits = decision.Logits!.Row(token).ToArray();
            Array.Sort(logits);
            SmallestGap = Math.Min(SmallestGap, logits[^decision.TopK] - logits[^(decision.TopK + 1)]);
        }
    }
}
