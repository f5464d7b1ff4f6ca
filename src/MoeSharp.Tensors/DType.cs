namespace MoeSharp.Tensors;

/// <summary>How numbers are stored in a file or a weight; a <see cref="Tensor"/> in memory is always <see cref="F32"/>.</summary>
public enum DType
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>IEEE binary16.</summary>
    F16,
}
