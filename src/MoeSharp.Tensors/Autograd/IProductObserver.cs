namespace MoeSharp.Tensors.Autograd;

/// <summary>Sees the input of every product with a parameter: how calibration learns which columns of a weight matter.</summary>
/// <remarks>Set on a <see cref="TensorScope"/>; a scope without one asks nobody. Called on the thread of the scope, before the product.</remarks>
public interface IProductObserver
{
    /// <summary>A product is about to be made.</summary>
    /// <param name="weight">The weight <c>[N, K]</c>, or <c>[E, N, K]</c>.</param>
    /// <param name="input">Rows <c>[T, K]</c>.</param>
    /// <param name="offsets">Rows of expert e are <c>offsets[e]</c> to <c>offsets[e + 1] − 1</c>; null where there is one matrix.</param>
    void Observe(Parameter weight, Tensor input, Indices? offsets);
}
