namespace MoeSharp.Experts.Routing;

/// <summary>Where a router takes its random numbers from.</summary>
public interface INoise
{
    /// <summary>Fills with numbers of the standard normal distribution.</summary>
    void FillNormal(Span<float> values);

    /// <summary>Fills with numbers uniform in [0, 1).</summary>
    void FillUniform(Span<float> values);

    /// <summary>Fills with numbers of the exponential distribution of mean 1.</summary>
    void FillExponential(Span<float> values);
}
