namespace MoeSharp.Text.PreTokenization;

/// <summary>What happens to the matches of a <see cref="SplitPreTokenizer"/>.</summary>
internal enum SplitBehavior
{
    /// <summary>Every match is a piece of its own.</summary>
    Isolated,

    /// <summary>Matches are left out.</summary>
    Removed,

    /// <summary>A match ends the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>A match begins the piece after it.</summary>
    MergedWithNext,

    /// <summary>Neighbouring matches are one piece.</summary>
    Contiguous,
}
