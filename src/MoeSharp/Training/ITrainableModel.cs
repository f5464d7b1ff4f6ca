using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Training;

/// <summary>What the trainer needs of a model, and nothing else.</summary>
public interface ITrainableModel
{
    /// <summary>What the optimiser moves.</summary>
    IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>What training changes beside the optimiser, by name: expert biases, adaptive coefficients. Saved with the trainer's state.</summary>
    IReadOnlyList<NamedTensor> Buffers { get; }

    /// <summary>Experts of each layer that has any, by layer number; for reports.</summary>
    IReadOnlyList<ExpertLayer> ExpertLayers { get; }

    /// <summary>One forward pass in a scope that may record.</summary>
    /// <param name="scope">Where intermediates live.</param>
    /// <param name="batch">The tokens.</param>
    /// <param name="pass">How it is meant.</param>
    ForwardLosses Forward(TensorScope scope, TrainingBatch batch, TrainingPass pass);

    /// <summary>Called after the optimiser moved the parameters: expert biases follow the counts of the whole step.</summary>
    void EndStep();

    /// <summary>Writes the model into a folder in full precision, so that <see cref="Load"/> gives the same bits.</summary>
    /// <param name="folder">An existing folder.</param>
    void Save(string folder);

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">A checkpoint.</param>
    void Load(string folder);
}
