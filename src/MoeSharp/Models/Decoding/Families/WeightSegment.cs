namespace MoeSharp.Models.Decoding.Families;

/// <summary>A run of numbers that a published tensor and a parameter of ours have in common.</summary>
/// <param name="Parameter">Name of our parameter.</param>
/// <param name="ParameterStart">First element in our parameter, flattened.</param>
/// <param name="TensorStart">First element in the published tensor, flattened.</param>
/// <param name="Length">Elements.</param>
public readonly record struct WeightSegment(string Parameter, long ParameterStart, long TensorStart, long Length);
