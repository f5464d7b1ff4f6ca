using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Kernels;

/// <summary>Losses of single numbers against targets, with their slopes, in double: the definition is the only body, for
/// these are taken of few numbers (heads of tables, not of vocabularies).</summary>
internal static class ElementLossKernel
{
    /// <summary>The loss of a prediction x against a target t, and its derivative by x.</summary>
    public static double Value(ElementLoss loss, double x, double t, double parameter, out double slope)
    {
        double difference = x - t, size = Math.Abs(difference);
        switch (loss)
        {
            case ElementLoss.Squared:
                slope = 2 * difference;
                return difference * difference;
            case ElementLoss.Absolute:
                slope = Math.Sign(difference);
                return size;
            case ElementLoss.Huber:
                slope = size < parameter ? difference : parameter * Math.Sign(difference);
                return size < parameter ? difference * difference / 2 : parameter * (size - (parameter / 2));
            case ElementLoss.SmoothAbsolute:
                slope = size < parameter ? difference / parameter : Math.Sign(difference);
                return size < parameter ? difference * difference / (2 * parameter) : size - (parameter / 2);
            case ElementLoss.BinaryCrossEntropy:
                // −p·t·log σ(x) − (1 − t)·log(1 − σ(x)), p the weight of positives; softplus(−x) = −log σ(x).
                double softplus = Math.Log(1 + Math.Exp(-Math.Abs(x))) + Math.Max(-x, 0), sigmoid = 1 / (1 + Math.Exp(-x));
                slope = ((1 - t) * sigmoid) - (parameter * t * (1 - sigmoid));
                return ((1 - t) * (x + softplus)) + (parameter * t * softplus);
            default:
                throw new ArgumentOutOfRangeException(nameof(loss), $"element loss: {loss} is not one.");
        }
    }
}
