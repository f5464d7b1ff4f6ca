using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Experts;

/// <summary>Starting values of dense parts: matrices from a normal distribution of deviation 0.02, vectors zero.</summary>
internal static class StartingWeights
{
    private const float Deviation = 0.02f;

    /// <summary>Fills parameters; does nothing without a generator.</summary>
    public static void Fill(IEnumerable<Parameter> parameters, Rng? rng)
    {
        foreach (Parameter parameter in rng is null ? [] : parameters)
        {
            if (parameter.Value.Shape.Rank > 1)
            {
                rng!.FillNormal(parameter.Value.Span, Deviation);
            }
            else
            {
                parameter.Value.Fill(0);
            }
        }
    }
}
