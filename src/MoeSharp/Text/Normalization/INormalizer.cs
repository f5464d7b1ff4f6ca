namespace MoeSharp.Text.Normalization;

/// <summary>Rewrites a text before it is cut into words.</summary>
internal interface INormalizer
{
    /// <summary>The rewritten text; the same span when nothing changes. Bytes that are not UTF-8 pass unchanged.</summary>
    ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text);
}
