using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Training;

namespace MoeSharp.Tests.Training;

/// <summary>The smallest model a trainer can train: the logits of the next token are a row of a table. A buffer counts steps.</summary>
internal sealed class BigramModel : ITrainableModel
{
    private readonly Parameter _table;
    private readonly NamedTensor _steps = new("steps", Tensor.Zeros(new TensorShape(1)));

    public BigramModel(int vocabulary = 8, ulong seed = 3)
    {
        var table = Tensor.Uninitialized(new TensorShape(vocabulary, vocabulary));
        new Rng(seed).FillNormal(table.Span, 0.5f);
        _table = new Parameter("table.weight", table);
        Parameters = [_table];
        Buffers = [_steps];
    }

    public IReadOnlyList<Parameter> Parameters { get; }

    public IReadOnlyList<NamedTensor> Buffers { get; }

    public IReadOnlyList<ExpertLayer> ExpertLayers => [];

    /// <summary>Called at the beginning of every save, for faults.</summary>
    public Action? OnSave { get; set; }

    public List<float> NoiseSeen { get; } = [];

    public ForwardLosses Forward(TensorScope scope, TrainingBatch batch, TrainingPass pass)
    {
        if (pass.IsTraining)
        {
            NoiseSeen.Add(pass.Noise.UniformAt(0));
        }

        Indices ids = scope.NewIndices(batch.TokenCount);
        batch.Inputs.Span.CopyTo(ids.Span);
        Tensor logits = EmbeddingOp.Apply(scope, _table.Value, ids);
        return new ForwardLosses(CrossEntropyOp.Apply(logits, batch.Targets.Span), null);
    }

    public void EndStep() => _steps.Value.Span[0]++;

    public void Save(string folder)
    {
        OnSave?.Invoke();
        using var writer = new SafetensorsWriter(
            Path.Combine(folder, "model.safetensors"),
            [new SafetensorsEntry("table.weight", StoredType.F32, _table.Value.Shape.ToArray())]);
        writer.Write("table.weight", _table.Value);
        writer.Commit();
    }

    public void Load(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        file.ReadFloat32(file.Find("table.weight"), 0, _table.Value.Span);
    }

    public static ListedBatches RandomBatches(int count, int length = 12, int vocabulary = 8, ulong seed = 9, bool repeats = false)
    {
        var rng = new Rng(seed);
        var batches = new List<TrainingBatch>();
        for (int i = 0; i < count; i++)
        {
            int[] inputs = new int[length], targets = new int[length];
            for (int j = 0; j < length; j++)
            {
                inputs[j] = rng.NextInt(vocabulary);
                targets[j] = rng.NextInt(5) == 0 ? -1 : (inputs[j] + 1) % vocabulary;
            }

            batches.Add(new TrainingBatch(inputs, targets, SequenceLayout.Uniform(1, length)));
        }

        return new ListedBatches(batches, repeats);
    }
}
