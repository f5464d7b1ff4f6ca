using MoeSharp.Tensors;
using MoeSharp.Training;

namespace MoeSharp.TrainingHost;

/// <summary>Batches of two made-up sequences, each a function of its number.</summary>
internal sealed record CountedBatches(long Count) : IBatchSource
{
    public TrainingBatch Get(long index)
    {
        const int length = 24;
        var rng = new Rng(17, (ulong)index);
        int[] inputs = new int[2 * length], targets = new int[2 * length];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = i % length == 0 ? rng.NextInt(64) : targets[i - 1];
            targets[i] = ((inputs[i] * 5) + rng.NextInt(3)) % 64;
        }

        return new TrainingBatch(inputs, targets, SequenceLayout.Uniform(2, length));
    }
}
