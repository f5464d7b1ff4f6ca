using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;

namespace MoeSharp.Models.Decoding.Gguf;

/// <summary>What a layout reads a model's facts from: the keys of its architecture, and which tensors there are.</summary>
/// <remarks>Keys are named without the architecture before them: <c>block_count</c> for <c>llama.block_count</c>. Where a tensor's presence or
/// shape says a fact, it is asked before a key: tensors are what is multiplied.</remarks>
internal sealed class GgufFacts
{
    private readonly string _architecture;
    private readonly Func<string, IReadOnlyList<long>?> _shapeOf;
    private readonly Func<string, float[]>? _read;

    /// <param name="metadata">Keys and values.</param>
    /// <param name="architecture">The architecture, which keys begin with.</param>
    /// <param name="shapeOf">Shape of a tensor, outermost first; null when there is none of that name.</param>
    /// <param name="tensorCount">How many tensors there are: no model has more blocks.</param>
    /// <param name="read">Values of a small tensor; null when only names and shapes are known.</param>
    public GgufFacts(
        GgufMetadata metadata,
        string architecture,
        Func<string, IReadOnlyList<long>?> shapeOf,
        int tensorCount,
        Func<string, float[]>? read = null)
    {
        Metadata = metadata;
        TensorCount = tensorCount;
        (_architecture, _shapeOf, _read) = (architecture, shapeOf, read);
    }

    /// <summary>All keys.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>How many tensors there are.</summary>
    public int TensorCount { get; }

    /// <summary>The full name of a key.</summary>
    public string Key(string name) => $"{_architecture}.{name}";

    /// <summary>True when the key is there.</summary>
    public bool Has(string name) => Metadata.Has(Key(name));

    /// <summary>A whole number that must be there; an array must have the same number throughout.</summary>
    public int Int(string name) => OptionalInt(name) ?? Metadata.GetInt(Key(name));

    /// <summary>A whole number; an array must have the same number throughout.</summary>
    public int? OptionalInt(string name)
    {
        if (!Metadata.TryFind(Key(name), out GgufValue? value) || value.Type != GgufValueType.Array)
        {
            return Metadata.GetOptionalInt(Key(name));
        }

        int[] numbers = Metadata.GetOptionalInts(Key(name))!;
        return numbers.Length > 0 && numbers.AsSpan().IndexOfAnyExcept(numbers[0]) < 0
            ? numbers[0]
            : throw Fault(name, "differs between layers, which is not supported.");
    }

    /// <summary>A number.</summary>
    public double? OptionalNumber(string name) => Metadata.GetOptionalDouble(Key(name));

    /// <summary>A number that must be there.</summary>
    public double Number(string name) => Metadata.GetDouble(Key(name));

    /// <summary>A text.</summary>
    public string? OptionalText(string name) => Metadata.GetOptionalText(Key(name));

    /// <summary>True or false.</summary>
    public bool? OptionalFlag(string name) => Metadata.GetOptionalFlag(Key(name));

    /// <summary>One flag a layer.</summary>
    public bool[]? OptionalFlags(string name) => Metadata.GetOptionalFlags(Key(name));

    /// <summary>True when there is a tensor of that name.</summary>
    public bool HasTensor(string name) => _shapeOf(name) is not null;

    /// <summary>Shape of a tensor, outermost first; null when there is none.</summary>
    public IReadOnlyList<long>? Shape(string name) => _shapeOf(name);

    /// <summary>A size of a tensor that says a fact; null when the tensor is not there or has fewer sizes.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="fromEnd">0 for the innermost size.</param>
    public int? Size(string name, int fromEnd) =>
        _shapeOf(name) is { } shape && shape.Count > fromEnd && shape[shape.Count - 1 - fromEnd] is <= int.MaxValue and var size ? (int)size : null;

    /// <summary>Values of a small tensor; null when it is not there, or cannot be read here.</summary>
    public float[]? Values(string name) => HasTensor(name) && _read is not null ? _read(name) : null;

    /// <summary>A fault of a key.</summary>
    public ModelFormatException Fault(string name, string message) => Metadata.Fault(Key(name), message);
}
