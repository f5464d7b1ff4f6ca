using MoeSharp.Experts;
using MoeSharp.Tensors;

namespace MoeSharp.Models.Decoding;

/// <summary>What a forward pass gives; its tensors live in the scope of the step.</summary>
/// <param name="Logits">Logits <c>[rows, V]</c>: of all rows, or of those asked for; null when they were not wanted.</param>
/// <param name="Hidden">The residual stream after the final norm <c>[T, D]</c>.</param>
/// <param name="Experts">One output for each layer with experts, in order: routing and balance terms. Empty when balance was not measured.</param>
public readonly record struct DecoderOutput(Tensor? Logits, Tensor Hidden, IReadOnlyList<MoeOutput> Experts)
{
    /// <summary>The logits, where they were wanted.</summary>
    /// <exception cref="InvalidOperationException">They were not.</exception>
    public Tensor RequiredLogits => Logits
        ?? throw new InvalidOperationException("decoder: logits were not computed. Leave ForwardOptions.SkipsLogits false.");
}
