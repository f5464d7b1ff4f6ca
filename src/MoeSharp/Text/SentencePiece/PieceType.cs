namespace MoeSharp.Text.SentencePiece;

/// <summary>What an entry of a piece vocabulary is for; the numbers are those of SentencePiece and of GGUF.</summary>
internal enum PieceType
{
    /// <summary>Text.</summary>
    Normal = 1,

    /// <summary>Stands for text that has no entry.</summary>
    Unknown = 2,

    /// <summary>Steers a model; no text becomes it.</summary>
    Control = 3,

    /// <summary>Text that is always one token.</summary>
    UserDefined = 4,

    /// <summary>Text that is never a token, but may be a step on the way to one.</summary>
    Unused = 5,

    /// <summary>One byte, written <c>&lt;0xNN&gt;</c>.</summary>
    Byte = 6,
}
