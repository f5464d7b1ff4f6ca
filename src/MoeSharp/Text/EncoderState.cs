using MoeSharp.Text.Models;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text;

/// <summary>Buffers of one encoding at a time; a tokenizer keeps a few for its callers.</summary>
internal sealed class EncoderState
{
    private const int LargestTextKept = 1 << 20;

    /// <summary>The pieces of the text at hand.</summary>
    public PieceList Pieces { get; private set; } = new();

    /// <summary>Words seen before.</summary>
    public WordCache Words { get; } = new();

    /// <summary>Lets go of what a very long text has left behind; call before the state is put away.</summary>
    public void Trim()
    {
        if (Pieces.Capacity > LargestTextKept)
        {
            Pieces = new PieceList();
        }
    }
}
