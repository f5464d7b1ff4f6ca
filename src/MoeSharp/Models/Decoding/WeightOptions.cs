namespace MoeSharp.Models.Decoding;

/// <summary>What becomes of stored weights when a decoder is loaded.</summary>
public sealed record WeightOptions
{
    /// <summary>All weights in float32, ready for training.</summary>
    public static WeightOptions Float32 { get; } = new() { AsFloat32 = true };

    /// <summary>Weights as they are stored, where a layer allows it: for running only.</summary>
    public static WeightOptions Stored { get; } = new();

    /// <summary>True to turn every weight into float32; false to keep matrices as they are stored, frozen.</summary>
    /// <value>False by default.</value>
    public bool AsFloat32 { get; init; }

    /// <summary>True to multiply the stored values of block formats in float32 (the definition of the answer); false to multiply their codes
    /// with activations of 8 bits, which is faster and differs by about 1 %. Stored floats are always multiplied in float32.</summary>
    /// <value>False by default.</value>
    public bool IsExact { get; init; }

    /// <summary>True to put block formats into the order in which products read them (<see cref="Decoder.Repack"/>), which takes about the time
    /// of reading the file; false to use them as they are stored, many times slower for single tokens. Results are the same.</summary>
    /// <value>True by default; heeded by <see cref="Model.Load"/>.</value>
    public bool Repacks { get; init; } = true;

    /// <summary>True to use weights where they lie in the file, mapped into memory; false to copy them.</summary>
    /// <value>True by default.</value>
    public bool Maps { get; init; } = true;
}
