namespace MoeSharp.Experts.Soft;

/// <summary>How tokens and slot vectors are normalised before they are compared.</summary>
public enum SlotNorm
{
    /// <summary>Unit length, one learned scale; experts see the tokens as they are (V-MoE, the paper).</summary>
    Unit,

    /// <summary>Length √D and a learned weight each, x/‖x‖·√D·γ; experts see the normalised tokens (soft-moe-pytorch).</summary>
    RootSize,

    /// <summary>Layer norm with a learned weight each; experts see the normalised tokens (soft-moe-pytorch, "layernorm").</summary>
    Layer,
}
