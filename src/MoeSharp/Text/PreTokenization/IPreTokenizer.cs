namespace MoeSharp.Text.PreTokenization;

/// <summary>Cuts the pieces of a text into smaller ones; tokens never reach across a cut.</summary>
internal interface IPreTokenizer
{
    /// <summary>Replaces the pieces by their cuts.</summary>
    void Split(PieceList pieces);
}
