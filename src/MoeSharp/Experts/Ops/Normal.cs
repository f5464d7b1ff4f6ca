namespace MoeSharp.Experts.Ops;

/// <summary>The standard normal distribution, in double.</summary>
internal static class Normal
{
    /// <summary>φ(z) = e^(−z²/2) / √(2π).</summary>
    public static double Density(double z) => Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI);

    /// <summary>Φ(z), to 1e-15: a series near 0, a continued fraction in the tail.</summary>
    /// <remarks>Source: Marsaglia 2004, "Evaluating the normal distribution"; the fraction is Laplace's.</remarks>
    public static double Cumulative(double z)
    {
        if (double.IsNaN(z))
        {
            return double.NaN;
        }

        double x = Math.Abs(z), upper;
        if (x > 38)
        {
            upper = 0;
        }
        else if (x < 3)
        {
            double term = x, sum = x;
            for (int i = 3; Math.Abs(term) > 1e-17 * sum; i += 2)
            {
                term *= x * x / i;
                sum += term;
            }

            upper = 0.5 - (Density(x) * sum);
        }
        else
        {
            double fraction = 0;
            for (int i = 60; i > 0; i--)
            {
                fraction = i / (x + fraction);
            }

            upper = Density(x) / (x + fraction);
        }

        return z > 0 ? 1 - upper : upper;
    }
}
