using System.Collections;
using System.Text;

namespace MoeSharp.Formats.Gguf;

/// <summary>An array of texts as a file holds it: bytes, made into strings when they are asked for.</summary>
/// <remarks>
/// <para>A vocabulary has hundreds of thousands of entries, and some are no valid UTF-8: <see cref="Bytes"/> gives each exactly,
/// the indexer shows invalid parts as U+FFFD.</para>
/// <para>Safe for concurrent use.</para>
/// </remarks>
public sealed class GgufTexts : IReadOnlyList<string>
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    internal GgufTexts(byte[] bytes, int[] ends)
    {
        _bytes = bytes;
        _ends = ends;
    }

    /// <inheritdoc/>
    public int Count => _ends.Length;

    /// <inheritdoc/>
    public string this[int index] => Encoding.UTF8.GetString(Bytes(index));

    /// <summary>An array of texts, written as UTF-8.</summary>
    public static GgufTexts Create(IReadOnlyCollection<string> texts)
    {
        var ends = new int[texts.Count];
        using var bytes = new MemoryStream();
        int i = 0;
        foreach (string text in texts)
        {
            bytes.Write(Encoding.UTF8.GetBytes(text));
            ends[i++] = checked((int)bytes.Length);
        }

        return new GgufTexts(bytes.ToArray(), ends);
    }

    /// <summary>The bytes of one text.</summary>
    public ReadOnlySpan<byte> Bytes(int index)
    {
        int start = index == 0 ? 0 : _ends[index - 1];
        return _bytes.AsSpan(start, _ends[index] - start);
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
