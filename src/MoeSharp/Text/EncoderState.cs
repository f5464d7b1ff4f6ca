using MoeSharp.Text.Models;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text;

/// <summary>Buffers of one encoding at a time; a tokenizer keeps a few for its callers.</summary>
internal sealed class EncoderState
{
    /// <summary>The pieces of the text at hand.</summary>
    public PieceList Pieces { get; } = new();

    /// <summary>Words seen before.</summary>
    public WordCache Words { get; } = new();
}
