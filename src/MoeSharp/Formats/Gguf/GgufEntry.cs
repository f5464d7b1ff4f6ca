namespace MoeSharp.Formats.Gguf;

/// <summary>A tensor planned for a GGUF file.</summary>
/// <param name="Name">Unique, at most 64 bytes.</param>
/// <param name="Type">Any type that GGUF has.</param>
/// <param name="Shape">Sizes, outermost first, at least 1 each; at most 4. The last is a multiple of the type's block.</param>
public sealed record GgufEntry(string Name, StoredType Type, IReadOnlyList<long> Shape);
