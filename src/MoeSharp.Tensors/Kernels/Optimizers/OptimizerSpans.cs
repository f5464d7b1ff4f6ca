namespace MoeSharp.Tensors.Kernels.Optimizers;

/// <summary>The one check of optimiser kernels: all spans have one length.</summary>
internal static class OptimizerSpans
{
    /// <summary>Throws unless all lengths are that of the value.</summary>
    public static void Check(string where, int value, int gradient, int first, int second = -1, int third = -1)
    {
        if (gradient != value || first != value || (second >= 0 && second != value) || (third >= 0 && third != value))
        {
            Throw.Shape($"{where}: value has {value} elements, gradient {gradient}, state {first}"
                + $"{(second >= 0 ? $", {second}" : "")}{(third >= 0 ? $", {third}" : "")}. All must be equal.");
        }
    }
}
