namespace MoeSharp.Formats.Hub;

/// <summary>What became of one file.</summary>
/// <param name="Path">Its path in the repository and below the folder.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="ReceivedBytes">Bytes that came over the network in this call; 0 when the file was there.</param>
/// <param name="Checked">What it was compared by: <c>SHA-256</c>, <c>git id</c>, <c>length</c>, or <c>nothing</c> when the hub tells nothing.</param>
public sealed record HubOutcome(string Path, long Length, long ReceivedBytes, string Checked);
