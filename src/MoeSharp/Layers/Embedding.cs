using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Layers;

/// <summary>One learned row for each token of the vocabulary.</summary>
/// <remarks>
/// <para>Shapes: <c>ids [T]</c> → <c>[T, D]</c>; weight <c>[V, D]</c>. A tied head uses the same weight the other way round.</para>
/// </remarks>
public sealed class Embedding
{
    /// <summary>Creates the table with undefined content.</summary>
    /// <param name="name">Path in the model; the parameter is <c>name.weight</c>.</param>
    /// <param name="vocabularySize">Count of rows.</param>
    /// <param name="hiddenSize">Width of a row.</param>
    public Embedding(string name, int vocabularySize, int hiddenSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        Weight = new Parameter(name + ".weight", new TensorShape(vocabularySize, hiddenSize)) { CanPack = true };
    }

    /// <summary>The table <c>[V, D]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary>The table alone.</summary>
    public IEnumerable<Parameter> Parameters => [Weight];

    /// <summary>Looks up rows.</summary>
    /// <param name="scope">Where the result lives.</param>
    /// <param name="ids">Token ids, each in [0, V).</param>
    public Tensor Forward(TensorScope scope, Indices ids) => EmbeddingOp.Apply(scope, Weight, ids);
}
