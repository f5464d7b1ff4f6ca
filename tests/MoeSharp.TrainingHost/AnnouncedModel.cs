using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Training;

namespace MoeSharp.TrainingHost;

/// <summary>A model that says when its saving begins.</summary>
internal sealed class AnnouncedModel(ITrainableModel model) : ITrainableModel
{
    public IReadOnlyList<Parameter> Parameters => model.Parameters;

    public IReadOnlyList<NamedTensor> Buffers => model.Buffers;

    public IReadOnlyList<ExpertLayer> ExpertLayers => model.ExpertLayers;

    public ForwardLosses Forward(TensorScope scope, TrainingBatch batch, TrainingPass pass) => model.Forward(scope, batch, pass);

    public void EndStep() => model.EndStep();

    public void Save(string folder)
    {
        Announcer.Say("saving");
        model.Save(folder);
    }

    public void Load(string folder) => model.Load(folder);
}
