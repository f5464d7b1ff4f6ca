namespace MoeSharp.Text.Patterns;

/// <summary>The bytes that a match can begin with, or the end of the text where it may be empty: what need not be tried elsewhere.</summary>
/// <remarks>
/// <para>Never too small, often exact. All bytes from 0x80 on count as one, since they are parts of characters.</para>
/// <para>Immutable; safe for concurrent use.</para>
/// </remarks>
internal sealed class FirstBytes
{
    private readonly ulong[] _bits = new ulong[4];
    private bool _end;

    private FirstBytes()
    {
    }

    /// <summary>Anything, the end included.</summary>
    public static FirstBytes All { get; } = new() { _bits = { [0] = ulong.MaxValue, [1] = ulong.MaxValue, [2] = ulong.MaxValue, [3] = ulong.MaxValue }, _end = true };

    /// <summary>Whether nothing is ruled out.</summary>
    public bool IsAll => _end && (_bits[0] & _bits[1] & _bits[2] & _bits[3]) == ulong.MaxValue;

    /// <summary>Whether a match may begin at the end of the text.</summary>
    public bool HasEnd => _end;

    /// <summary>The bytes.</summary>
    public byte[] Bytes => [.. Enumerable.Range(0, 256).Select(value => (byte)value).Where(Contains)];

    /// <summary>What a match of a part can begin with.</summary>
    /// <param name="node">The part.</param>
    /// <param name="rest">What can come where the part matches nothing: the beginnings of what follows it.</param>
    public static FirstBytes Of(PatternNode node, FirstBytes rest)
    {
        switch (node.Kind)
        {
            case PatternNodeKind.Set:
                return OfSet(node.Set!);
            case PatternNodeKind.Sequence:
                for (int index = node.Children.Count - 1; index >= 0; index--)
                {
                    rest = Of(node.Children[index], rest);
                }

                return rest;
            case PatternNodeKind.Alternatives:
                return node.Children.Select(child => Of(child, rest)).Aggregate((left, right) => left.Or(right));
            case PatternNodeKind.Repeat:
                FirstBytes body = node.Maximum == 0 ? rest : Of(node.Children[0], All); // after one round may come another, or the rest
                return node.Minimum == 0 ? body.Or(rest) : body;
            case PatternNodeKind.Atomic:
                return Of(node.Children[0], rest);
            case PatternNodeKind.Look when !node.Negative && !node.Behind:
                return Of(node.Children[0], All).And(rest);
            default:
                return rest; // conditions on what stands before, or on what must not stand here, rule nothing out
        }
    }

    /// <summary>Whether a match can begin with a byte.</summary>
    public bool Contains(byte value) => ((_bits[value >> 6] >> (value & 63)) & 1) != 0;

    private static FirstBytes OfSet(CodePointSet set)
    {
        var first = new FirstBytes { _bits = { [2] = ulong.MaxValue, [3] = ulong.MaxValue } };
        for (int value = 0; value < 128; value++)
        {
            first._bits[value >> 6] |= set.ContainsAscii((byte)value) ? 1UL << (value & 63) : 0;
        }

        if (set.IsAsciiOnly)
        {
            (first._bits[2], first._bits[3]) = (0, 0);
        }

        return first;
    }

    private FirstBytes Or(FirstBytes other)
    {
        var union = new FirstBytes { _end = _end | other._end };
        for (int i = 0; i < 4; i++)
        {
            union._bits[i] = _bits[i] | other._bits[i];
        }

        return union;
    }

    private FirstBytes And(FirstBytes other)
    {
        var both = new FirstBytes { _end = _end & other._end };
        for (int i = 0; i < 4; i++)
        {
            both._bits[i] = _bits[i] & other._bits[i];
        }

        return both;
    }
}
