namespace MoeSharp.Experts.Banks;

/// <summary>The activation of gpt-oss's experts in place of SwiGLU: <c>(u′ + 1)·g′·σ(α·g′)</c>, <c>g′ = min(g, limit)</c>, <c>u′ = clamp(u, ±limit)</c>.</summary>
/// <param name="Alpha">α, steeper than SiLU's 1.</param>
/// <param name="Limit">What both projections are clamped to.</param>
public sealed record ClampedSwiGlu(float Alpha = 1.702f, float Limit = 7);
