namespace MoeSharp.Formats.Hub;

/// <summary>How far a download is.</summary>
/// <param name="Path">The file that is being received.</param>
/// <param name="DoneBytes">Bytes that are there, of all files.</param>
/// <param name="TotalBytes">Bytes of all files, as far as the hub tells.</param>
/// <param name="Note">Something that happened, as a lost connection; null for none.</param>
public sealed record HubProgress(string Path, long DoneBytes, long TotalBytes, string? Note = null);
