namespace MoeSharp.Text.PreTokenization;

/// <summary>Puts a space before every piece that does not begin with one (<c>add_prefix_space</c>).</summary>
internal sealed class PrefixSpacePreTokenizer : IPreTokenizer
{
    /// <inheritdoc/>
    public void Split(PieceList pieces) => pieces.Prefix((byte)' ');
}
