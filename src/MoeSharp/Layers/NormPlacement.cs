namespace MoeSharp.Layers;

/// <summary>Where the norms of a block stand.</summary>
public enum NormPlacement
{
    /// <summary>Before each part: <c>x += part(norm(x))</c>.</summary>
    Before,

    /// <summary>After each part, none before: <c>x += norm(part(x))</c> (OLMo 2, FlexOlmo).</summary>
    After,

    /// <summary>Before and after each part: <c>x += norm(part(norm(x)))</c> (Grok-1).</summary>
    Both,
}
