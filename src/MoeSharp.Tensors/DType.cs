namespace MoeSharp.Tensors;

/// <summary>How numbers are stored in a file, a weight or a key-value cache; a <see cref="Tensor"/> in memory is always <see cref="F32"/>.</summary>
public enum DType
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>Q8_0: blocks of 32 signed bytes with one binary16 scale. For key-value caches; weights have <see cref="Quantization.BlockFormats"/>.</summary>
    Q80,
}
