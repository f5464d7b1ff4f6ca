using System.Text;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Normalization;

/// <summary>Unicode's normalization form C: canonical decomposition, ordering of marks, canonical composition.</summary>
/// <remarks>
/// Own tables, because the runtime's <c>string.Normalize</c> does nothing where globalization is invariant (as in this command).
/// Source: Unicode Standard Annex 15; section 3.12 of the standard for Hangul.
/// </remarks>
internal sealed class NfcNormalizer : INormalizer
{
    /// <inheritdoc/>
    public ReadOnlySpan<byte> Normalize(ReadOnlySpan<byte> text)
    {
        List<byte>? output = null;
        List<int>? sequence = null;
        int copied = 0;
        for (int position = 0; TryFindSequence(text, position, out int start, out int end); position = end)
        {
            output ??= new List<byte>(text.Length + 16);
            sequence ??= [];
            output.AddRange(text[copied..start]);
            for (int next = start; next < end;)
            {
                CanonicalTables.Decompose(CodePoints.Read(text, next, out int length), sequence);
                next += length;
            }

            Flush(sequence, output);
            copied = end;
        }

        if (output is null)
        {
            return text;
        }

        output.AddRange(text[copied..]);
        return output.ToArray();
    }

    /// <summary>The next stretch that may change: a character, and those after it that may join or move.</summary>
    private static bool TryFindSequence(ReadOnlySpan<byte> text, int from, out int start, out int end)
    {
        start = -1;
        for (int position = from; position < text.Length;)
        {
            int value = CodePoints.Read(text, position, out int length);
            if (!CanonicalTables.IsInert(value))
            {
                start = start < 0 ? position : start;
                end = position + length;
                while (end < text.Length && !CanonicalTables.IsInert(CodePoints.Read(text, end, out length)))
                {
                    end += length;
                }

                return true;
            }

            // A byte outside UTF-8 is nobody's base character.
            start = value == CodePoints.Invalid ? -1 : position;
            position += length;
        }

        end = -1;
        return false;
    }

    private static void Flush(List<int> sequence, List<byte> output)
    {
        if (sequence.Count == 0)
        {
            return;
        }

        Order(sequence);
        Compose(sequence);
        Span<byte> buffer = stackalloc byte[4];
        foreach (int value in sequence)
        {
            int written = new Rune(value).EncodeToUtf8(buffer);
            output.AddRange(buffer[..written]);
        }

        sequence.Clear();
    }

    /// <summary>Sorts each run of marks by class, keeping equal classes in order.</summary>
    private static void Order(List<int> sequence)
    {
        for (int start = 0; start < sequence.Count;)
        {
            if (CanonicalTables.Class(sequence[start]) == 0)
            {
                start++;
                continue;
            }

            int end = start + 1;
            while (end < sequence.Count && CanonicalTables.Class(sequence[end]) != 0)
            {
                end++;
            }

            int[] marks = [.. sequence[start..end].OrderBy(CanonicalTables.Class)];
            for (int index = start; index < end; index++)
            {
                sequence[index] = marks[index - start];
            }

            start = end;
        }
    }

    private static void Compose(List<int> sequence)
    {
        int starter = -1;
        int lastClass = -1;
        int write = 0;
        for (int read = 0; read < sequence.Count; read++)
        {
            int value = sequence[read];
            int combiningClass = CanonicalTables.Class(value);

            // Blocked when a character of the same or a higher class (or a starter) stands between.
            bool reachable = starter >= 0 && (lastClass < combiningClass || write == starter + 1);
            if (reachable && CanonicalTables.TryCompose(sequence[starter], value, out int composed))
            {
                sequence[starter] = composed;
                continue;
            }

            if (combiningClass == 0)
            {
                starter = write;
                lastClass = -1;
            }
            else
            {
                lastClass = combiningClass;
            }

            sequence[write++] = value;
        }

        sequence.RemoveRange(write, sequence.Count - write);
    }
}
