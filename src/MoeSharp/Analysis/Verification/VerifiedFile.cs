namespace MoeSharp.Analysis.Verification;

/// <summary>A file that was checked.</summary>
/// <param name="Name">Its name, without the folder.</param>
/// <param name="Format">What it is: <c>GGUF 3</c>, <c>safetensors</c>, <c>tokenizer</c>, <c>configuration</c>.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="TensorCount">Tensors in it; 0 for other files.</param>
public sealed record VerifiedFile(string Name, string Format, long Bytes, int TensorCount);
