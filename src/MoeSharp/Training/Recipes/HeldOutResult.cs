namespace MoeSharp.Training.Recipes;

/// <summary>How well a model predicts text it was never trained on.</summary>
/// <param name="Loss">Mean cross-entropy of a token, nats.</param>
/// <param name="BitsPerByte">The same per byte of text.</param>
/// <param name="TokenCount">Tokens that counted.</param>
/// <param name="ByteCount">Bytes of their text.</param>
public readonly record struct HeldOutResult(double Loss, double BitsPerByte, long TokenCount, long ByteCount);
