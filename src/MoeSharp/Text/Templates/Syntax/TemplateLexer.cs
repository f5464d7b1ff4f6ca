using System.Globalization;

namespace MoeSharp.Text.Templates.Syntax;

/// <summary>Cuts a template into tokens, and removes the white space that Jinja removes.</summary>
/// <remarks>As Jinja with <c>trim_blocks</c> and <c>lstrip_blocks</c>: the line end after a statement or comment goes, and so do spaces before
/// one that begins its line; <c>-</c> inside a tag takes all white space beside it, <c>+</c> keeps it. Source: the Jinja 3.1 documentation,
/// "Whitespace Control".</remarks>
internal sealed class TemplateLexer
{
    private static readonly string[] s_operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private readonly Stack<char> _open = new();
    private int _position;
    private int _line = 1;
    private int _counted; // characters whose line ends are in _line

    private TemplateLexer(string source)
    {
        string text = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>The tokens of a template, the last of them <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="TemplateException">A character, a text or a comment is out of place; the line is in <paramref name="line"/>.</exception>
    public static List<TemplateToken> Read(string source, out int line)
    {
        var lexer = new TemplateLexer(source);
        line = 1;
        try
        {
            lexer.ReadText();
        }
        finally
        {
            line = lexer.LineAt(lexer._position);
        }

        return lexer._tokens;
    }

    private void ReadText()
    {
        bool lineStarts = true;
        while (_position < _source.Length)
        {
            int tag = FindTag(_position);
            if (tag < 0)
            {
                Add(TokenKind.Text, _source[_position..]);
                _position = _source.Length;
                break;
            }

            char kind = _source[tag + 1];
            char sign = tag + 2 < _source.Length && _source[tag + 2] is '-' or '+' ? _source[tag + 2] : ' ';
            string text = Before(_source[_position..tag], sign, lineStarts, isOutput: kind == '{');
            if (text.Length > 0)
            {
                Add(TokenKind.Text, text);
            }

            _position = tag;
            int start = tag + (sign == ' ' ? 2 : 3);
            if (kind == '#')
            {
                SkipComment(start);
            }
            else if (kind == '%' && TryReadRaw(start))
            {
                // its text is a token already
            }
            else
            {
                Add(kind == '{' ? TokenKind.OutputBegin : TokenKind.BlockBegin, "");
                _position = start;
                ReadTag(isOutput: kind == '{');
            }

            lineStarts = _source[_position - 1] == '\n';
        }

        Add(TokenKind.End, "");
    }

    private int FindTag(int from)
    {
        for (int at = from; (at = _source.IndexOf('{', at)) >= 0 && at + 1 < _source.Length; at++)
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return -1;
    }

    private static string Before(string text, char sign, bool lineStarts, bool isOutput)
    {
        if (sign == '-')
        {
            return text.TrimEnd();
        }

        if (sign == '+' || isOutput)
        {
            return text;
        }

        int line = text.LastIndexOf('\n') + 1;
        return (line > 0 || lineStarts) && text.AsSpan(line).IsWhiteSpace() ? text[..line] : text;
    }

    private void SkipComment(int from)
    {
        int end = _source.IndexOf("#}", from, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new TemplateException("a comment has no end. Close it with '#}'");
        }

        _position = AfterEnd(end, end > from ? _source[end - 1] : ' ', trimsLine: true);
    }

    private bool TryReadRaw(int from)
    {
        if (!TryWord(from, "raw", out int end) || !TryClose(end, out int body, trimsLine: false))
        {
            return false;
        }

        for (int at = body; (at = _source.IndexOf("{%", at, StringComparison.Ordinal)) >= 0; at++)
        {
            char sign = at + 2 < _source.Length && _source[at + 2] is '-' or '+' ? _source[at + 2] : ' ';
            if (TryWord(at + (sign == ' ' ? 2 : 3), "endraw", out end) && TryClose(end, out int after, trimsLine: true))
            {
                string text = Before(_source[body..at], sign, lineStarts: _source[body - 1] == '\n', isOutput: false);
                if (text.Length > 0)
                {
                    Add(TokenKind.Text, text);
                }

                _position = after;
                return true;
            }
        }

        throw new TemplateException("a raw block has no end. Close it with '{% endraw %}'");
    }

    private bool TryWord(int from, string word, out int end)
    {
        int start = SkipSpace(from);
        end = start + word.Length;
        bool matches = string.CompareOrdinal(_source, start, word, 0, word.Length) == 0;
        end = matches ? SkipSpace(end) : from;
        return matches;
    }

    private bool TryClose(int at, out int after, bool trimsLine)
    {
        int end = at < _source.Length && _source[at] is '-' or '+' ? at + 1 : at;
        bool closes = string.CompareOrdinal(_source, end, "%}", 0, 2) == 0;
        after = closes ? AfterEnd(end, end > at ? _source[at] : ' ', trimsLine) : at;
        return closes;
    }

    // Where the text goes on after a closing pair of signs.
    private int AfterEnd(int end, char sign, bool trimsLine)
    {
        int next = end + 2;
        return sign == '-' ? SkipSpace(next)
            : sign != '+' && trimsLine && next < _source.Length && _source[next] == '\n' ? next + 1
            : next;
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && char.IsWhiteSpace(_source[at]))
        {
            at++;
        }

        return at;
    }

    private void ReadTag(bool isOutput)
    {
        string close = isOutput ? "}}" : "%}";
        _open.Clear();
        while (true)
        {
            _position = SkipSpace(_position);
            if (_position >= _source.Length)
            {
                return; // the parser says what is missing
            }

            char sign = _source[_position] is '-' || (_source[_position] is '+' && !isOutput) ? _source[_position] : ' ';
            int end = _position + (sign == ' ' ? 0 : 1);
            if (_open.Count == 0 && string.CompareOrdinal(_source, end, close, 0, 2) == 0)
            {
                Add(isOutput ? TokenKind.OutputEnd : TokenKind.BlockEnd, "");
                _position = AfterEnd(end, sign, trimsLine: !isOutput);
                return;
            }

            ReadToken();
        }
    }

    private void ReadToken()
    {
        char first = _source[_position];
        if (char.IsAsciiDigit(first))
        {
            int end = NumberText.End(_source, _position, out bool isFloat);
            string text = _source[_position..end];
            Add(isFloat ? TokenKind.Float : TokenKind.Integer, text);
            _position = end;
        }
        else if (char.IsLetter(first) || first == '_')
        {
            int end = _position;
            while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'
                || char.GetUnicodeCategory(_source[end]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark))
            {
                end++;
            }

            Add(TokenKind.Name, _source[_position..end]);
            _position = end;
        }
        else if (first is '\'' or '"')
        {
            string text = StringText.Read(_source, _position, out int end);
            Add(TokenKind.String, text);
            _position = end;
        }
        else
        {
            ReadOperator(first);
        }
    }

    private void ReadOperator(char first)
    {
        string sign = Array.Find(s_operators, text => string.CompareOrdinal(_source, _position, text, 0, text.Length) == 0)
            ?? throw new TemplateException($"the character '{first}' has no meaning inside a tag. Remove it, or put it in quotes");
        switch (first)
        {
            case '(':
                _open.Push(')');
                break;
            case '[':
                _open.Push(']');
                break;
            case '{':
                _open.Push('}');
                break;
            case ')' or ']' or '}' when _open.Count == 0 || _open.Pop() != first:
                throw new TemplateException($"'{first}' closes what was not opened. Balance the brackets");
        }

        Add(TokenKind.Operator, sign);
        _position += sign.Length;
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new TemplateToken(kind, text, LineAt(_position)));

    private int LineAt(int position)
    {
        position = Math.Min(position, _source.Length);
        if (position > _counted)
        {
            _line += _source.AsSpan(_counted, position - _counted).Count('\n');
            _counted = position;
        }

        return _line;
    }
}
