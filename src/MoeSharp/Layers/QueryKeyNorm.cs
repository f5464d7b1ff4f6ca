namespace MoeSharp.Layers;

/// <summary>Whether and how queries and keys are normalised, before or after they are rotated.</summary>
public enum QueryKeyNorm
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>RMS norm of each head, one weight of the head's size (Qwen3).</summary>
    PerHead,

    /// <summary>RMS norm over the whole projection, all heads together (OLMoE).</summary>
    WholeProjection,

    /// <summary>As <see cref="PerHead"/>, but after rotation (Hunyuan).</summary>
    PerHeadAfterRotation,

    /// <summary>RMS norm of each head without a weight, after rotation, and only in layers that rotate (Llama 4).</summary>
    UnweightedAfterRotation,
}
