namespace MoeSharp.Formats.Safetensors;

/// <summary>One tensor that a <see cref="SafetensorsWriter"/> will write: everything the header says of it.</summary>
/// <param name="Name">Unique in the file, and not <c>__metadata__</c>.</param>
/// <param name="Type">How the values are written: F32, BF16, F16, I32 or I64; U8 for bytes.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
public sealed record SafetensorsEntry(string Name, StoredType Type, IReadOnlyList<long> Shape);
