using System.Runtime.CompilerServices;
using MoeSharp.Text.Templates.Nodes;

namespace MoeSharp.Text.Templates.Syntax;

/// <summary>Reads statements.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens);
    }

    /// <summary>Reads a whole template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="names">All variables that it names.</param>
    /// <exception cref="TemplateException">The template breaks Jinja's grammar, or uses a part of it that chat templates do not.</exception>
    public static BodyNode Read(string source, string name, out IReadOnlySet<string> names)
    {
        int line = 1;
        TemplateParser? parser = null;
        try
        {
            List<TemplateToken> tokens = TemplateLexer.Read(source, out line);
            parser = new TemplateParser(tokens);
            BodyNode body = parser.ReadBody();
            names = parser._expressions.Names;
            return body;
        }
        catch (TemplateException fault)
        {
            throw fault.At(name, parser?._tokens.Current.Line ?? line);
        }
        catch (InsufficientExecutionStackException)
        {
            throw new TemplateException("brackets or blocks are nested too deeply. Simplify the template").At(name, parser?._tokens.Current.Line ?? line);
        }
    }

    // Reads until one of these words opens a block; that word is then the current token.
    private BodyNode ReadBody(params string[] ends)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        var statements = new List<Statement>();
        while (true)
        {
            TemplateToken token = _tokens.Current;
            switch (token.Kind)
            {
                case TokenKind.Text:
                    _tokens.Take();
                    statements.Add(new TextNode(token.Line, token.Text));
                    break;
                case TokenKind.OutputBegin:
                    _tokens.Take();
                    statements.Add(new OutputNode(token.Line, _expressions.ReadTuple()));
                    _tokens.Expect(TokenKind.OutputEnd, "'}}'");
                    break;
                case TokenKind.BlockBegin:
                    _tokens.Take();
                    if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
                    {
                        return new BodyNode(statements);
                    }

                    statements.Add(ReadStatement());
                    _tokens.Expect(TokenKind.BlockEnd, "'%}'");
                    break;
                case TokenKind.End when ends.Length == 0:
                    return new BodyNode(statements);
                case TokenKind.End:
                    throw new TemplateException($"the template ends inside a block. Close it with {Expected(ends)}");
                default:
                    throw _tokens.Unexpected("text or a tag");
            }
        }
    }

    // A body after the opening tag; takes the word that ends it.
    private BodyNode ReadBlock(string end) => ReadBlock([end], out _);

    private BodyNode ReadBlock(string[] ends, out string end)
    {
        _tokens.TakeOperator(":");
        _tokens.Expect(TokenKind.BlockEnd, "'%}'");
        BodyNode body = ReadBody(ends);
        end = _tokens.Take().Text;
        return body;
    }

    private Statement ReadStatement()
    {
        TemplateToken word = _tokens.Expect(TokenKind.Name, "the name of a statement");
        switch (word.Text)
        {
            case "if":
                return ReadIf(word.Line);
            case "for":
                return ReadFor(word.Line);
            case "set":
                return ReadSet(word.Line);
            case "macro":
                string name = _tokens.Expect(TokenKind.Name, "the name of the macro").Text;
                return ReadMacro(word.Line, name, ReadParameters(), "endmacro");
            case "call":
                return ReadCall(word.Line);
            case "filter":
                var filter = (FilterNode)_expressions.ReadFilters(null, startsInline: true)!;
                return new FilterBlockNode(word.Line, filter, ReadBlock("endfilter"));
            case "with":
                return ReadWith(word.Line);
            case "print":
                return new OutputNode(word.Line, _expressions.ReadTuple());
            case "do":
                return new DoNode(word.Line, _expressions.ReadTuple());
            case "break" or "continue" when _loops > 0:
                return new LoopControlNode(word.Line, word.Text == "break" ? Flow.Break : Flow.Continue);
            case "break" or "continue":
                throw new TemplateException($"'{word.Text}' stands outside a loop. Put it into a for block");
            case "generation":
                return new ScopeNode(word.Line, ReadBlock("endgeneration"));
            case "autoescape":
                _expressions.Read();
                return new ScopeNode(word.Line, ReadBlock("endautoescape"));
            case "block":
                return ReadNamedBlock(word.Line);
            case "extends" or "include" or "import" or "from":
                throw new TemplateException($"'{word.Text}' needs other files, and a chat template has none. Put everything into one template");
            default:
                throw new TemplateException($"'{word.Text}' is no statement here. Correct the name, or close the block it belongs to");
        }
    }

    private IfNode ReadIf(int line)
    {
        var branches = new List<(Expression Condition, BodyNode Body)>();
        BodyNode? otherwise = null;
        string end;
        do
        {
            Expression condition = _expressions.ReadTuple(withCondition: false);
            branches.Add((condition, ReadBlock(["elif", "else", "endif"], out end)));
        }
        while (end == "elif");

        if (end == "else")
        {
            otherwise = ReadBlock("endif");
        }

        return new IfNode(line, branches, otherwise);
    }

    private ForNode ReadFor(int line)
    {
        Target target = ReadTarget("in");
        _tokens.ExpectName("in");
        Expression iterable = _expressions.ReadTuple(withCondition: false);
        Expression? condition = _tokens.TakeName("if") ? _expressions.Read() : null;
        bool isRecursive = _tokens.TakeName("recursive");
        _loops++;
        BodyNode body = ReadBlock(["endfor", "else"], out string end);
        _loops--;
        BodyNode? otherwise = end == "else" ? ReadBlock("endfor") : null;
        return new ForNode(line, target, iterable, condition, isRecursive, body, otherwise);
    }

    private Statement ReadSet(int line)
    {
        Target target = ReadTarget("=");
        if (_tokens.TakeOperator("="))
        {
            return new SetNode(line, target, _expressions.ReadTuple());
        }

        Expression? filters = _expressions.ReadFilters(null);
        return new SetBlockNode(line, target, (FilterNode?)filters, ReadBlock("endset"));
    }

    private MacroNode ReadMacro(int line, string name, IReadOnlyList<MacroParameter> parameters, string end)
    {
        // The names of the body alone say whether it uses varargs; a loop around the macro is no loop of its own.
        string[] outer = [.. _expressions.Names];
        int loops = _loops;
        _expressions.Names.Clear();
        _loops = 0;
        BodyNode body = ReadBlock(end);
        bool usesRest = _expressions.Names.Contains("varargs"), usesNamedRest = _expressions.Names.Contains("kwargs");
        _expressions.Names.UnionWith(outer);
        _loops = loops;
        return new MacroNode(line, name, parameters, body, usesRest, usesNamedRest);
    }

    private List<MacroParameter> ReadParameters()
    {
        var parameters = new List<MacroParameter>();
        _tokens.ExpectOperator("(");
        while (!_tokens.Current.IsOperator(")"))
        {
            string name = _tokens.Expect(TokenKind.Name, "the name of a parameter").Text;
            Expression? otherwise = _tokens.TakeOperator("=") ? _expressions.Read() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw new TemplateException($"parameter '{name}' has no default, but one before it has. Put it first, or give it one");
            }

            parameters.Add(new MacroParameter(name, otherwise));
            if (!_tokens.TakeOperator(","))
            {
                break;
            }
        }

        _tokens.ExpectOperator(")");
        return parameters;
    }

    private CallBlockNode ReadCall(int line)
    {
        IReadOnlyList<MacroParameter> parameters = _tokens.Current.IsOperator("(") ? ReadParameters() : [];
        CallNode call = _expressions.Read() as CallNode
            ?? throw new TemplateException("a call block must call something. Write {% call name() %}");
        return new CallBlockNode(line, call, ReadMacro(line, "caller", parameters, "endcall"));
    }

    private WithNode ReadWith(int line)
    {
        var variables = new List<(Target Target, Expression Value)>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            Target target = ReadTarget("=");
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.Read()));
            if (!_tokens.TakeOperator(","))
            {
                break;
            }
        }

        return new WithNode(line, variables, ReadBlock("endwith"));
    }

    private ScopeNode ReadNamedBlock(int line)
    {
        _tokens.Expect(TokenKind.Name, "the name of the block");
        while (_tokens.TakeName("scoped") || _tokens.TakeName("required"))
        {
            // says something about templates that extend this one; there are none
        }

        BodyNode body = ReadBlock("endblock");
        if (_tokens.Current.Kind == TokenKind.Name)
        {
            _tokens.Take();
        }

        return new ScopeNode(line, body);
    }

    // What is assigned to: a name, a field of a namespace, or several of them.
    private Target ReadTarget(string end)
    {
        bool inBrackets = _tokens.TakeOperator("(");
        var targets = new List<Target>();
        bool isTuple = false;
        while (!(_tokens.Current.IsOperator(")") || _tokens.Current.IsName(end) || _tokens.Current.IsOperator(end)) || targets.Count == 0)
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            targets.Add(_tokens.Current.IsOperator("(") ? ReadTarget(end) : ReadName());
            if (!_tokens.TakeOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (inBrackets)
        {
            _tokens.ExpectOperator(")");
        }

        return isTuple ? new Target(targets) : targets[0];
    }

    private Target ReadName()
    {
        string name = _tokens.Expect(TokenKind.Name, "the name of a variable").Text;
        if (name is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw new TemplateException($"'{name}' is a constant. Set a variable of another name");
        }

        return _tokens.TakeOperator(".")
            ? new Target(name, _tokens.Expect(TokenKind.Name, "the name of a field").Text)
            : new Target(name);
    }

    private static string Expected(string[] ends) => string.Join(" or ", ends.Select(end => $"'{{% {end} %}}'"));
}
