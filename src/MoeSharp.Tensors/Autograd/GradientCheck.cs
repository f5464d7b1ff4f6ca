namespace MoeSharp.Tensors.Autograd;

/// <summary>Holds the gradients of a computation against central differences along random directions.</summary>
/// <remarks>
/// <para>For <c>f(x) = Σ R ∘ output(x)</c> with fixed random <c>R</c>, and a random unit direction <c>v</c> per input tensor,
/// <c>∇f·v</c> must equal <c>(f(x + h·v) − f(x − h·v)) / 2h</c>. The sum over the output is taken in double, so the float32
/// rounding of the output (ε·|f|/h) and the third derivative (h²) are all that remain; the default step balances them.</para>
/// <para>The computation must be smooth around the given inputs: keep ReLU inputs and top-k gaps farther from a kink than the step.</para>
/// </remarks>
public static class GradientCheck
{
    /// <summary>Runs the check for every input and direction.</summary>
    /// <param name="compute">Makes the output in the given scope from <paramref name="inputs"/>.</param>
    /// <param name="inputs">Free tensors; their values are restored afterwards.</param>
    /// <param name="seed">Chooses <c>R</c> and the directions.</param>
    /// <param name="step">Length of the move along the direction.</param>
    /// <param name="tolerance">Limit for |numeric − analytic| / (|numeric| + |analytic| + floor).</param>
    /// <param name="directions">Directions an input.</param>
    /// <exception cref="GradientCheckException">A gradient is wrong; the message carries the input, the direction and both values.</exception>
    public static void Run(
        Func<TensorScope, Tensor> compute,
        IReadOnlyList<Tensor> inputs,
        ulong seed = 1,
        float step = 1e-2f,
        double tolerance = 5e-3,
        int directions = 4)
    {
        var rng = new Rng(seed);
        using var scope = new TensorScope(record: true);
        foreach (Tensor input in inputs)
        {
            input.NeedsGradient = true;
            input.ClearGradient();
        }

        // 1. The gradients by the tape.
        Tensor output = compute(scope);
        float[] weighting = new float[output.Length];
        rng.FillNormal(weighting, 1f);
        scope.Tape!.Backward(output, Tensor.From(weighting, output.Shape));
        float[]?[] gradients = [.. inputs.Select(input => input.Gradient?.ToArray())];

        // 2. The same by differences.
        for (int i = 0; i < inputs.Count; i++)
        {
            Tensor input = inputs[i];
            float[] gradient = gradients[i] ?? throw new GradientCheckException($"gradient check: input {i} {input.Shape} got no gradient.");
            double norm = Math.Sqrt(gradient.Sum(g => (double)g * g));
            for (int direction = 0; direction < directions; direction++)
            {
                float[] move = new float[input.Length];
                rng.FillNormal(move, 1f);
                double length = Math.Sqrt(move.Sum(v => (double)v * v));
                for (int j = 0; j < move.Length; j++)
                {
                    move[j] = (float)(move[j] / length);
                }

                double numeric = Difference(compute, input, move, step, weighting);
                double analytic = 0;
                for (int j = 0; j < move.Length; j++)
                {
                    analytic += (double)gradient[j] * move[j];
                }

                // A direction nearly orthogonal to the gradient is measured against the gradient's size instead.
                double scale = Math.Abs(numeric) + Math.Abs(analytic) + (norm / Math.Sqrt(move.Length)) + 1e-6;
                if (!(Math.Abs(numeric - analytic) <= tolerance * scale))
                {
                    throw new GradientCheckException(
                        $"gradient check (seed {seed}): input {i} {input.Shape}, direction {direction}: by differences {numeric:G6}, "
                        + $"by the tape {analytic:G6} (norm {norm:G4}). They may differ by {tolerance * scale:G3}.");
                }
            }
        }
    }

    private static double Difference(
        Func<TensorScope, Tensor> compute, Tensor input, float[] move, float step, float[] weighting)
    {
        float[] original = input.ToArray();
        double plus = Evaluate(compute, input, original, move, step, weighting, out double up);
        double minus = Evaluate(compute, input, original, move, -step, weighting, out double down);
        original.CopyTo(input.Span);
        return (plus - minus) / (up - down);
    }

    /// <summary>The function after a move; <paramref name="moved"/> is the move that float32 really made.</summary>
    private static double Evaluate(
        Func<TensorScope, Tensor> compute, Tensor input, float[] original, float[] move, float step, float[] weighting, out double moved)
    {
        Span<float> values = input.Span;
        moved = 0;
        for (int j = 0; j < values.Length; j++)
        {
            values[j] = original[j] + (step * move[j]);
            moved += ((double)values[j] - original[j]) * move[j];
        }

        using var scope = new TensorScope();
        ReadOnlySpan<float> output = compute(scope).Span;
        double sum = 0;
        for (int j = 0; j < output.Length; j++)
        {
            sum += (double)output[j] * weighting[j];
        }

        return sum;
    }
}
