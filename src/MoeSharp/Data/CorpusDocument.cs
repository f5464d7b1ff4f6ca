namespace MoeSharp.Data;

/// <summary>One document of a corpus, as it stands in its file.</summary>
/// <param name="Source">The file, and the number of the document in it when there are several: <c>books.txt.gz#3</c>.</param>
/// <param name="Text">Its text in UTF-8, unchanged.</param>
public sealed record CorpusDocument(string Source, ReadOnlyMemory<byte> Text);
