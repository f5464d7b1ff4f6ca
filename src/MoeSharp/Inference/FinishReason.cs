namespace MoeSharp.Inference;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model chose an end token.</summary>
    EndToken,

    /// <summary>A stop text occurred.</summary>
    StopText,

    /// <summary>As many tokens as asked for.</summary>
    MaxTokens,

    /// <summary>The model's last position was reached.</summary>
    PositionLimit,
}
