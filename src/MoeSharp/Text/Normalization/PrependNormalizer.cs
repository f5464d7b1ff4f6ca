using System.Text;

namespace MoeSharp.Text.Normalization;

/// <summary>Puts a text in front of every text that is not empty.</summary>
/// <param name="prefix">What is put in front.</param>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);

    /// <summary>What is put in front.</summary>
    public string Prefix { get; } = prefix;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text) => text.IsEmpty ? text : (byte[])[.. _prefix, .. text];
}
