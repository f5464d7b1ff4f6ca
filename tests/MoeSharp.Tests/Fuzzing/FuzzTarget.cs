namespace MoeSharp.Tests.Fuzzing;

/// <summary>A format under fuzz: sound headers, and what reads a damaged one.</summary>
/// <param name="Name">The format.</param>
/// <param name="Share">Its part of all mutations, of 100.</param>
/// <param name="IsText">True for JSON.</param>
/// <param name="Seeds">Sound headers of real files.</param>
/// <param name="Read">Reads everything, checks what it accepted, and throws the declared exceptions for the rest.</param>
internal sealed record FuzzTarget(string Name, int Share, bool IsText, IReadOnlyList<byte[]> Seeds, Action<byte[]> Read)
{
    public override string ToString() => Name;
}
