using System.Globalization;
using System.Text;

namespace MoeSharp.Text.Patterns;

/// <summary>Reads the regular-expression dialect of <c>tokenizer.json</c> (Oniguruma's, as far as split patterns use it).</summary>
/// <remarks>
/// Understood: literals, classes with ranges, nesting, <c>&amp;&amp;</c> and negation, <c>\p{…}</c>, <c>\s \d \w</c>, alternatives, groups, <c>(?i:…)</c>,
/// look-ahead and look-behind of any length, atomic groups, greedy, lazy and possessive repetition, <c>^ $ \A \z \b \B</c>.
/// Everything else (back-references, conditions, other flags) is an error rather than a guess.
/// </remarks>
internal sealed class PatternParser
{
    private const int DeepestNesting = 100;

    private readonly PatternCursor _cursor;
    private int _depth;
    private bool _ignoreCase;

    private PatternParser(string pattern)
    {
        _cursor = new PatternCursor(pattern);
    }

    /// <summary>Parses a whole pattern.</summary>
    /// <exception cref="PatternSyntaxException">The pattern is malformed or uses something that is not supported.</exception>
    public static PatternNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        PatternNode node = parser.ParseAlternatives();
        if (!parser._cursor.AtEnd)
        {
            throw parser._cursor.Fault("there is a ')' without its '('");
        }

        return node;
    }

    private PatternNode ParseAlternatives()
    {
        if (++_depth > DeepestNesting)
        {
            throw _cursor.Fault($"groups are nested more than {DeepestNesting} deep");
        }

        var alternatives = new List<PatternNode>();
        do
        {
            alternatives.Add(ParseSequence());
        }
        while (_cursor.Take('|'));

        _depth--;
        return alternatives.Count == 1 ? alternatives[0] : new PatternNode(PatternNodeKind.Alternatives, alternatives);
    }

    private PatternNode ParseSequence()
    {
        var parts = new List<PatternNode>();
        while (!_cursor.AtEnd && _cursor.Next is not ('|' or ')'))
        {
            if (ParseAtom() is PatternNode atom)
            {
                parts.Add(ParseRepeats(atom));
            }
        }

        return parts.Count == 1 ? parts[0] : new PatternNode(PatternNodeKind.Sequence, parts);
    }

    private PatternNode? ParseAtom()
    {
        char next = _cursor.Next;
        switch (next)
        {
            case '(':
                return ParseGroup();
            case '[':
                _cursor.Position++;
                return Set(ParseClass());
            case '.':
                _cursor.Position++;
                return Set(new CodePointSet().AddRange('\n', '\n').Negate());
            case '^':
                _cursor.Position++;
                return Leaf(PatternNodeKind.LineStart);
            case '$':
                _cursor.Position++;
                return Leaf(PatternNodeKind.LineEnd);
            case '*' or '+' or '?':
                throw _cursor.Fault($"'{next}' has nothing to repeat");
            case '\\':
                return ParseEscape();
            default:
                int value = _cursor.TakeCodePoint();
                return Set(Literal(value));
        }
    }

    private PatternNode? ParseGroup()
    {
        int start = _cursor.Position++;
        bool ignoreCase = _ignoreCase;
        PatternNode node;
        if (_cursor.TakeText("?:") || !_cursor.Is('?'))
        {
            // A capturing group only groups here: nothing can refer to it.
            node = ParseAlternatives();
        }
        else if (_cursor.TakeText("?="))
        {
            node = Look(ParseAlternatives(), negative: false, behind: false);
        }
        else if (_cursor.TakeText("?!"))
        {
            node = Look(ParseAlternatives(), negative: true, behind: false);
        }
        else if (_cursor.TakeText("?<="))
        {
            node = Look(ParseAlternatives(), negative: false, behind: true);
        }
        else if (_cursor.TakeText("?<!"))
        {
            node = Look(ParseAlternatives(), negative: true, behind: true);
        }
        else if (_cursor.TakeText("?>"))
        {
            node = new PatternNode(PatternNodeKind.Atomic, [ParseAlternatives()]);
        }
        else if (_cursor.TakeText("?i:"))
        {
            _ignoreCase = true;
            node = ParseAlternatives();
        }
        else if (_cursor.TakeText("?-i:"))
        {
            _ignoreCase = false;
            node = ParseAlternatives();
        }
        else if (_cursor.TakeText("?i)"))
        {
            // Holds up to the end of the enclosing group, alternatives included: the enclosing ParseGroup restores it.
            _ignoreCase = true;
            return null;
        }
        else
        {
            throw _cursor.Fault("this kind of group is not supported");
        }

        _ignoreCase = ignoreCase;
        if (!_cursor.Take(')'))
        {
            _cursor.Position = start;
            throw _cursor.Fault("the group that starts here is not closed");
        }

        return node;
    }

    private PatternNode ParseRepeats(PatternNode atom)
    {
        while (!_cursor.AtEnd)
        {
            int start = _cursor.Position;
            int minimum, maximum;
            bool braces = false;
            if (_cursor.Take('*'))
            {
                (minimum, maximum) = (0, int.MaxValue);
            }
            else if (_cursor.Take('+'))
            {
                (minimum, maximum) = (1, int.MaxValue);
            }
            else if (_cursor.Take('?'))
            {
                (minimum, maximum) = (0, 1);
            }
            else if (_cursor.Is('{') && TryTakeBraces(out minimum, out maximum))
            {
                braces = true;
            }
            else
            {
                break;
            }

            RepeatKind kind = RepeatKind.Greedy;
            if (_cursor.Is('?'))
            {
                if (braces && minimum == maximum)
                {
                    throw _cursor.Fault("'{n}?' means different things to different programs and is not supported");
                }

                _cursor.Position++;
                kind = RepeatKind.Lazy;
            }
            else if (!braces && _cursor.Take('+'))
            {
                // After braces a plus is one more repetition, as in Ruby's syntax.
                kind = RepeatKind.Possessive;
            }

            if (maximum == int.MaxValue && atom.MinimumLength == 0)
            {
                _cursor.Position = start;
                throw _cursor.Fault("an unbounded repetition of something that can be empty is not supported");
            }

            atom = new PatternNode(PatternNodeKind.Repeat, [atom]) { Minimum = minimum, Maximum = maximum, Repeat = kind };
        }

        return atom;
    }

    private bool TryTakeBraces(out int minimum, out int maximum)
    {
        minimum = maximum = 0;
        string? body = _cursor.PeekUntil('}');
        string[] bounds = body is null ? [] : body[1..].Split(',');
        bool simple = bounds.Length == 1;
        if (bounds.Length is < 1 or > 2 || (simple && bounds[0].Length == 0) || bounds.All(bound => bound.Length == 0))
        {
            return false;
        }

        if (!TryNumber(bounds[0], 0, out minimum) || !TryNumber(bounds[^1], int.MaxValue, out maximum))
        {
            // Braces that hold no numbers are literal characters.
            return false;
        }

        if (minimum > maximum)
        {
            throw _cursor.Fault($"the bounds {minimum} and {maximum} are in the wrong order");
        }

        _cursor.Position += body!.Length + 1;
        return true;
    }

    private static bool TryNumber(string text, int whenEmpty, out int value)
    {
        value = whenEmpty;
        return text.Length == 0 || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private PatternNode ParseEscape()
    {
        char next = _cursor.Second;
        PatternNodeKind? anchor = next switch
        {
            'A' => PatternNodeKind.TextStart,
            'z' => PatternNodeKind.TextEnd,
            'b' => PatternNodeKind.WordBoundary,
            'B' => PatternNodeKind.NotWordBoundary,
            _ => null,
        };
        if (anchor is PatternNodeKind kind)
        {
            _cursor.Position += 2;
            return Leaf(kind);
        }

        return Set(_cursor.TakeEscapedSet(out int value) ?? Literal(value));
    }

    /// <summary>A class, after its opening bracket.</summary>
    private CodePointSet ParseClass()
    {
        int start = _cursor.Position - 1;
        if (++_depth > DeepestNesting)
        {
            throw _cursor.Fault($"classes are nested more than {DeepestNesting} deep");
        }

        bool negated = _cursor.Take('^');
        CodePointSet whole = new();
        CodePointSet part = new();
        bool intersected = false;
        bool any = false;
        while (true)
        {
            if (_cursor.AtEnd)
            {
                _cursor.Position = start;
                throw _cursor.Fault("the class that starts here is not closed");
            }

            if (_cursor.Is(']') && any)
            {
                _cursor.Position++;
                break;
            }

            if (_cursor.TakeText("&&"))
            {
                whole = intersected ? whole.IntersectWith(part) : part;
                (part, intersected, any) = (new CodePointSet(), true, true);
                continue;
            }

            any = true;
            if (_cursor.Is('['))
            {
                if (_cursor.Second == ':')
                {
                    throw _cursor.Fault("POSIX classes are not supported");
                }

                _cursor.Position++;
                part.Add(ParseClass());
                continue;
            }

            AddMember(part);
        }

        _depth--;
        CodePointSet result = intersected ? whole.IntersectWith(part) : part;
        return negated ? new CodePointSet().Add(result).Negate() : result;
    }

    private void AddMember(CodePointSet part)
    {
        if (TakeMember(out int first) is CodePointSet members)
        {
            part.Add(members);
            return;
        }

        int last = first;
        if (_cursor.Is('-') && _cursor.Second is not (']' or '[' or '\0'))
        {
            _cursor.Position++;
            if (TakeMember(out last) is not null)
            {
                throw _cursor.Fault("a range cannot end in a class");
            }

            if (last < first)
            {
                throw _cursor.Fault($"the range from U+{first:X4} to U+{last:X4} is empty");
            }
        }

        part.AddRange(first, last);
        if (_ignoreCase)
        {
            part.AddOtherCases(first, last);
        }
    }

    private CodePointSet? TakeMember(out int value)
    {
        if (_cursor.Is('\\'))
        {
            return _cursor.TakeEscapedSet(out value);
        }

        value = _cursor.TakeCodePoint();
        return null;
    }

    private CodePointSet Literal(int value)
    {
        var set = new CodePointSet().AddRange(value, value);
        return _ignoreCase ? set.AddOtherCases(value, value) : set;
    }

    private static PatternNode Set(CodePointSet set) => new(PatternNodeKind.Set, []) { Set = set.Freeze() };

    private static PatternNode Leaf(PatternNodeKind kind) => new(kind, []);

    private static PatternNode Look(PatternNode body, bool negative, bool behind) =>
        new(PatternNodeKind.Look, [body]) { Negative = negative, Behind = behind };
}
