using System.Buffers;

namespace MoeSharp.Text.Patterns;

/// <summary>A regular expression over UTF-8 that looks at code points, as the split patterns of <c>tokenizer.json</c> expect.</summary>
/// <remarks>
/// <para>Why not <c>System.Text.RegularExpressions</c>: it sees UTF-16 units, so that no letter above U+FFFF is a letter, and its dialect differs in
/// possessive repetition, class intersection and properties; a tokenizer needs the same splits as the program that trained it.</para>
/// <para>Backtracks with an explicit stack, so a long text cannot overflow the thread's. Immutable; safe for concurrent use with one stack a caller.</para>
/// </remarks>
internal sealed class Pattern
{
    private static readonly CodePointSet s_word = UnicodeProperty.Word().Freeze();

    private readonly PatternInstruction[] _program;
    private readonly SearchValues<byte>? _starts; // null where a match can begin with any byte
    private readonly bool _matchesAtEnd;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="PatternSyntaxException">The pattern is wrong or not supported.</exception>
    public Pattern(string source)
    {
        Source = source;
        _program = PatternCompiler.Compile(source, out FirstBytes first);
        _matchesAtEnd = first.HasEnd;
        byte[] starts = first.Bytes;
        _starts = starts.Length == 256 ? null : SearchValues.Create(starts);
    }

    /// <summary>The pattern as written.</summary>
    public string Source { get; }

    /// <summary>A pattern that matches a literal text.</summary>
    public static string Escape(string literal) =>
        string.Concat(literal.Select(character => char.IsAscii(character) && !char.IsAsciiLetterOrDigit(character) && !char.IsControl(character)
            ? "\\" + character
            : character.ToString()));

    /// <summary>The next match at or after <paramref name="start"/>; an empty match counts.</summary>
    public bool TryFind(ReadOnlySpan<byte> text, int start, BacktrackStack stack, out int matchStart, out int matchEnd)
    {
        for (matchStart = start; matchStart <= text.Length;)
        {
            if (_starts is not null)
            {
                // Bytes of other characters are never among the starts alone: either all from 0x80 on are, or none.
                int step = text[matchStart..].IndexOfAny(_starts);
                matchStart = step < 0 ? text.Length : matchStart + step;
                if (matchStart == text.Length && !_matchesAtEnd)
                {
                    break;
                }
            }

            matchEnd = Run(text, 0, matchStart, -1, stack);
            if (matchEnd >= 0)
            {
                return true;
            }

            if (matchStart == text.Length)
            {
                break;
            }

            _ = CodePoints.Read(text, matchStart, out int length);
            matchStart += length;
        }

        matchEnd = -1;
        return false;
    }

    /// <summary>Runs the part that begins at <paramref name="step"/>; the end of its match, or -1.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="step">First instruction.</param>
    /// <param name="position">Where the match begins.</param>
    /// <param name="requiredEnd">Where the match has to end; -1 for anywhere.</param>
    /// <param name="stack">Open choices; those of the caller are left alone.</param>
    private int Run(ReadOnlySpan<byte> text, int step, int position, int requiredEnd, BacktrackStack stack)
    {
        int floor = stack.Count;
        while (true)
        {
            PatternInstruction instruction = _program[step];
            bool matched;
            switch (instruction.Operation)
            {
                case PatternOperation.Set:
                    matched = TakeOne(text, instruction.Set!, ref position);
                    step++;
                    break;
                case PatternOperation.RepeatSet:
                    matched = TakeRun(text, instruction, step, ref position, stack);
                    step++;
                    break;
                case PatternOperation.Split when instruction.First is { } first
                    && !(position < text.Length ? first.Contains(text[position]) : first.HasEnd):
                    step = instruction.B;
                    matched = true;
                    break;
                case PatternOperation.Split:
                    stack.Push(instruction.B, position, -1);
                    step = instruction.A;
                    matched = true;
                    break;
                case PatternOperation.Jump:
                    step = instruction.A;
                    matched = true;
                    break;
                case PatternOperation.Look:
                    matched = Looks(text, instruction, step + 1, position, stack) != instruction.Negative;
                    step = instruction.A;
                    break;
                case PatternOperation.Atomic:
                    int end = Run(text, step + 1, position, -1, stack);
                    matched = end >= 0;
                    position = end;
                    step = instruction.A;
                    break;
                case PatternOperation.Anchor:
                    matched = Holds(text, instruction.Kind, position);
                    step++;
                    break;
                default:
                    matched = requiredEnd < 0 || position == requiredEnd;
                    if (matched)
                    {
                        stack.Count = floor;
                        return position;
                    }

                    break;
            }

            if (!matched && !TryGoBack(text, stack, floor, out step, out position))
            {
                return -1;
            }
        }
    }

    private bool TryGoBack(ReadOnlySpan<byte> text, BacktrackStack stack, int floor, out int step, out int position)
    {
        while (stack.Count > floor)
        {
            (step, position, int limit) = stack.Pop();
            if (limit < 0)
            {
                return true;
            }

            PatternInstruction repeat = _program[step];
            if (repeat.Repeat == RepeatKind.Greedy)
            {
                _ = CodePoints.ReadBefore(text, position, out int length);
                position -= length;
                if (position > limit)
                {
                    stack.Push(step, position, limit);
                }

                step++;
                return true;
            }

            // Lazy: one character more, if there is one; the limit counts what may still be taken.
            if (TakeOne(text, repeat.Set!, ref position))
            {
                if (limit > 1)
                {
                    stack.Push(step, position, limit == int.MaxValue ? limit : limit - 1);
                }

                step++;
                return true;
            }
        }

        step = position = 0;
        return false;
    }

    private static bool TakeOne(ReadOnlySpan<byte> text, CodePointSet set, ref int position)
    {
        if ((uint)position >= (uint)text.Length)
        {
            return false;
        }

        byte first = text[position];
        if (first < 0x80)
        {
            position++;
            return set.ContainsAscii(first);
        }

        int value = CodePoints.Read(text, position, out int length);
        position += length;
        return set.Contains(value);
    }

    private static bool TakeRun(ReadOnlySpan<byte> text, PatternInstruction repeat, int step, ref int position, BacktrackStack stack)
    {
        CodePointSet set = repeat.Set!;
        int minimum = repeat.A;
        int wanted = repeat.Repeat == RepeatKind.Lazy ? minimum : repeat.B;
        int count = 0;
        int afterMinimum = position;
        for (; count < wanted; count++)
        {
            // Runs are mostly ASCII: no call, and nothing to take apart.
            if (count >= minimum && (uint)position < (uint)text.Length && text[position] < 0x80)
            {
                if (!set.ContainsAscii(text[position]))
                {
                    break;
                }

                position++;
                continue;
            }

            int next = position;
            if (!TakeOne(text, set, ref next))
            {
                break;
            }

            position = next;
            if (count < minimum)
            {
                afterMinimum = position;
            }
        }

        if (count < minimum)
        {
            return false;
        }

        if (repeat.Repeat == RepeatKind.Greedy && position > afterMinimum)
        {
            stack.Push(step, position, afterMinimum);
        }
        else if (repeat.Repeat == RepeatKind.Lazy && repeat.B > minimum)
        {
            stack.Push(step, position, repeat.B == int.MaxValue ? int.MaxValue : repeat.B - minimum);
        }

        return true;
    }

    private bool Looks(ReadOnlySpan<byte> text, PatternInstruction look, int step, int position, BacktrackStack stack)
    {
        if (!look.Behind)
        {
            return Run(text, step, position, -1, stack) >= 0;
        }

        int start = position;
        for (int length = 0; ; length++)
        {
            if (Run(text, step, start, position, stack) >= 0)
            {
                return true;
            }

            if (length == look.B || start == 0)
            {
                return false;
            }

            _ = CodePoints.ReadBefore(text, start, out int back);
            start -= back;
        }
    }

    private static bool Holds(ReadOnlySpan<byte> text, PatternNodeKind kind, int position) => kind switch
    {
        PatternNodeKind.TextStart => position == 0,
        PatternNodeKind.TextEnd => position == text.Length,
        PatternNodeKind.LineStart => position == 0 || text[position - 1] == '\n',
        PatternNodeKind.LineEnd => position == text.Length || text[position] == '\n',
        PatternNodeKind.WordBoundary => IsBoundary(text, position),
        _ => !IsBoundary(text, position),
    };

    private static bool IsBoundary(ReadOnlySpan<byte> text, int position)
    {
        bool before = position > 0 && s_word.Contains(CodePoints.ReadBefore(text, position, out _));
        bool after = position < text.Length && s_word.Contains(CodePoints.Read(text, position, out _));
        return before != after;
    }
}
