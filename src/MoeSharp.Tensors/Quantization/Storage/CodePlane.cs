namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>A run of bytes that each hold some bits of one code: <c>codes[Start + i]</c> has <c>(bytes[Source + i] &gt;&gt; Shift) &amp; mask</c>
/// at bit <paramref name="Up"/>.</summary>
/// <param name="Source">First byte.</param>
/// <param name="Start">First code.</param>
/// <param name="Count">How many bytes and codes.</param>
/// <param name="Shift">Lowest bit of the field in the byte.</param>
/// <param name="Bits">Width of the field.</param>
/// <param name="Up">Where the field belongs in the code; a plane with 0 comes before the others of its codes.</param>
internal readonly record struct CodePlane(int Source, int Start, int Count, int Shift, int Bits, int Up);
