using MoeSharp.Tensors;

namespace MoeSharp.Experts.Routing;

/// <summary>Noise from a seeded generator: the same seed and position give the same choices.</summary>
/// <param name="rng">The generator; its position moves with every number.</param>
public sealed class RngNoise(Rng rng) : INoise
{
    /// <inheritdoc/>
    public void FillNormal(Span<float> values) => rng.FillNormal(values, 1);

    /// <inheritdoc/>
    public void FillUniform(Span<float> values) => rng.FillUniform(values, 0, 1);

    /// <inheritdoc/>
    public void FillExponential(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)-Math.Log(1 - rng.NextDouble());
        }
    }
}
