namespace MoeSharp.Data;

/// <summary>Where documents begin and end inside the files of a corpus. Without any of these, a file is one document.</summary>
public sealed record CorpusOptions
{
    /// <summary>A line that begins with this text starts a new document, and belongs to it.</summary>
    /// <value><see langword="null"/> when no line does. For the classic books: <c># Title: </c>.</value>
    public string? DocumentStart { get; init; }

    /// <summary>A text that stands between two documents and belongs to neither.</summary>
    /// <value><see langword="null"/> when there is none. Often <c>&lt;|endoftext|&gt;</c>.</value>
    public string? Separator { get; init; }
}
