using MoeSharp.Experts.Routing;

namespace MoeSharp.Tests.Golden.Routers;

/// <summary>The random numbers of a reference, handed out in order.</summary>
public sealed class GivenNoise : INoise
{
    private readonly Queue<float[]> _normal = new(), _uniform = new(), _exponential = new();

    public GivenNoise Normal(float[] values)
    {
        _normal.Enqueue(values);
        return this;
    }

    public GivenNoise Uniform(float[] values)
    {
        _uniform.Enqueue(values);
        return this;
    }

    public GivenNoise Exponential(float[] values)
    {
        _exponential.Enqueue(values);
        return this;
    }

    public void FillNormal(Span<float> values) => _normal.Dequeue().CopyTo(values);

    public void FillUniform(Span<float> values) => _uniform.Dequeue().CopyTo(values);

    public void FillExponential(Span<float> values) => _exponential.Dequeue().CopyTo(values);
}
