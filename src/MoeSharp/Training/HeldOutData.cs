namespace MoeSharp.Training;

/// <summary>Text that is never trained on, for measuring.</summary>
/// <param name="Batches">Its batches, all of which are measured.</param>
/// <param name="BytesPerToken">Bytes of its text divided by its counted tokens: what turns a loss into bits per byte.</param>
public sealed record HeldOutData(IBatchSource Batches, double BytesPerToken);
