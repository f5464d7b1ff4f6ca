using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>All tensors of a published checkpoint, bound to our parameters: used to load, to save, and to name gradients.</summary>
public sealed class WeightMap
{
    private readonly List<WeightBinding> _bindings = [];
    private readonly List<string> _ignored = [];
    private readonly Dictionary<string, string> _copies = new(StringComparer.Ordinal);

    /// <summary>The tensors, block by block.</summary>
    public IReadOnlyList<WeightBinding> Bindings => _bindings;

    /// <summary>Beginnings of names that a checkpoint may have and that this model does not use (prediction heads for training).</summary>
    public IReadOnlyList<string> IgnoredPrefixes => _ignored;

    /// <summary>Tensors that a checkpoint may repeat although they are another one: a tied head. Name → the tensor it must equal.</summary>
    public IReadOnlyDictionary<string, string> Copies => _copies;

    /// <summary>Allows a repetition of another tensor.</summary>
    public void AddCopy(string tensor, string original) => _copies.Add(tensor, original);

    /// <summary>Binds a tensor that is one of our parameters as it is.</summary>
    public void Add(string tensor, string parameter, TensorShape shape) =>
        _bindings.Add(new WeightBinding(tensor, shape, [new WeightSegment(parameter, 0, 0, shape.Length)]));

    /// <summary>Binds a tensor that is slice <paramref name="index"/> of a stack of ours.</summary>
    public void AddSlice(string tensor, string parameter, int index, TensorShape shape) =>
        _bindings.Add(new WeightBinding(tensor, shape, [new WeightSegment(parameter, index * shape.Length, 0, shape.Length)]));

    /// <summary>Binds a tensor made of several runs.</summary>
    public void Add(string tensor, TensorShape shape, IReadOnlyList<WeightSegment> segments) =>
        _bindings.Add(new WeightBinding(tensor, shape, segments));

    /// <summary>Names tensors that are left alone.</summary>
    public void Ignore(string prefix) => _ignored.Add(prefix);
}
