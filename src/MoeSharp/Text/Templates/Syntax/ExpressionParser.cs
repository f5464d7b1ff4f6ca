using System.Runtime.CompilerServices;
using MoeSharp.Text.Templates.Nodes;
using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Syntax;

/// <summary>Reads expressions, loosest binding first: condition, or, and, not, comparison, sum, joining, product, power, sign, postfix, filter.</summary>
internal sealed partial class ExpressionParser(TokenReader tokens)
{
    /// <summary>Every name that was read; a macro looks here whether its body uses <c>varargs</c>.</summary>
    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>An expression, or several with commas between them as a tuple.</summary>
    /// <param name="withCondition">Whether <c>a if b else c</c> may stand there.</param>
    /// <param name="allowsNone">Whether nothing at all may stand there: an empty tuple.</param>
    public Expression ReadTuple(bool withCondition = true, bool allowsNone = false)
    {
        int line = tokens.Current.Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (!EndsTuple())
        {
            items.Add(Read(withCondition));
            if (!tokens.TakeOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
        {
            return items[0];
        }

        return isTuple || allowsNone ? new TupleNode(line, items) : throw tokens.Unexpected("an expression");
    }

    /// <summary>One expression.</summary>
    public Expression Read(bool withCondition = true)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        int line = tokens.Current.Line;
        Expression expression = ReadOr();
        while (withCondition && tokens.TakeName("if"))
        {
            Expression condition = ReadOr();
            Expression? otherwise = tokens.TakeName("else") ? Read() : null;
            expression = new ConditionalNode(line, condition, expression, otherwise);
        }

        return expression;
    }

    /// <summary>A name, a constant, or something in brackets.</summary>
    public Expression ReadPrimary()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        TemplateToken token = tokens.Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                tokens.Take();
                return ReadName(token);
            case TokenKind.String:
                string text = tokens.Take().Text;
                while (tokens.Current.Kind == TokenKind.String)
                {
                    text += tokens.Take().Text;
                }

                return new ConstantNode(token.Line, new TextValue(text));
            case TokenKind.Integer:
                return new ConstantNode(token.Line, new IntegerValue(NumberText.Integer(tokens.Take().Text)));
            case TokenKind.Float:
                return new ConstantNode(token.Line, new FloatValue(NumberText.Float(tokens.Take().Text)));
            case TokenKind.Operator when token.Text == "(":
                tokens.Take();
                Expression inner = ReadTuple(allowsNone: true);
                tokens.ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                tokens.Take();
                return new ListNode(token.Line, ReadItems("]"));
            case TokenKind.Operator when token.Text == "{":
                tokens.Take();
                return ReadDict(token.Line);
            default:
                throw tokens.Unexpected("an expression");
        }
    }

    /// <summary>The arguments of a call, from its opening bracket to its closing one.</summary>
    public CallArguments ReadArguments()
    {
        tokens.ExpectOperator("(");
        var arguments = new CallArguments();
        while (!tokens.Current.IsOperator(")"))
        {
            if (tokens.TakeOperator("*"))
            {
                arguments.Add(new CallArgument(CallArgumentKind.Spread, "", Read()));
            }
            else if (tokens.TakeOperator("**"))
            {
                arguments.Add(new CallArgument(CallArgumentKind.NamedSpread, "", Read()));
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Next.IsOperator("="))
            {
                string name = tokens.Take().Text;
                tokens.Take();
                arguments.Add(new CallArgument(CallArgumentKind.Named, name, Read()));
            }
            else
            {
                arguments.Add(new CallArgument(CallArgumentKind.Positional, "", Read()));
            }

            if (!tokens.TakeOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator(")");
        return arguments;
    }

    /// <summary>The filters that follow; <paramref name="startsInline"/> for a first one without its bar.</summary>
    public Expression? ReadFilters(Expression? operand, bool startsInline = false)
    {
        while (startsInline || tokens.TakeOperator("|"))
        {
            startsInline = false;
            TemplateToken name = tokens.Expect(TokenKind.Name, "the name of a filter");
            CallArguments arguments = tokens.Current.IsOperator("(") ? ReadArguments() : new CallArguments();
            operand = new FilterNode(name.Line, operand, name.Text, arguments);
        }

        return operand;
    }

    private Expression ReadName(TemplateToken token)
    {
        switch (token.Text)
        {
            case "true" or "True":
                return new ConstantNode(token.Line, BooleanValue.True);
            case "false" or "False":
                return new ConstantNode(token.Line, BooleanValue.False);
            case "none" or "None":
                return new ConstantNode(token.Line, NoneValue.Instance);
            default:
                Names.Add(token.Text);
                return new NameNode(token.Line, token.Text);
        }
    }

    private bool EndsTuple() => tokens.Current.Kind is TokenKind.OutputEnd or TokenKind.BlockEnd || tokens.Current.IsOperator(")");

    private List<Expression> ReadItems(string close)
    {
        var items = new List<Expression>();
        while (!tokens.Current.IsOperator(close))
        {
            items.Add(Read());
            if (!tokens.TakeOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator(close);
        return items;
    }

    private DictNode ReadDict(int line)
    {
        var entries = new List<(Expression Key, Expression Value)>();
        while (!tokens.Current.IsOperator("}"))
        {
            Expression key = Read();
            tokens.ExpectOperator(":");
            entries.Add((key, Read()));
            if (!tokens.TakeOperator(","))
            {
                break;
            }
        }

        tokens.ExpectOperator("}");
        return new DictNode(line, entries);
    }

    private Expression ReadSigned(bool withFilter)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        TemplateToken token = tokens.Current;
        Expression node = token.IsOperator("-") || token.IsOperator("+")
            ? new SignNode(tokens.Take().Line, token.Text == "-", ReadSigned(withFilter: false))
            : ReadPrimary();
        node = ReadPostfix(node);
        return withFilter ? ReadFiltersAndTests(node) : node;
    }

    private Expression ReadPostfix(Expression node)
    {
        while (true)
        {
            TemplateToken token = tokens.Current;
            if (token.IsOperator("."))
            {
                tokens.Take();
                node = ReadAttribute(node, token.Line);
            }
            else if (token.IsOperator("["))
            {
                tokens.Take();
                node = ReadSubscript(node, token.Line);
            }
            else if (token.IsOperator("("))
            {
                node = new CallNode(token.Line, node, ReadArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private Expression ReadAttribute(Expression node, int line) => tokens.Current.Kind switch
    {
        TokenKind.Name => new AttributeNode(line, node, tokens.Take().Text),
        TokenKind.Integer => new ItemNode(line, node, new ConstantNode(line, new IntegerValue(NumberText.Integer(tokens.Take().Text)))),
        _ => throw tokens.Unexpected("a name or a number"),
    };

    private Expression ReadSubscript(Expression node, int line)
    {
        Expression? start = tokens.Current.IsOperator(":") ? null : Read();
        if (!tokens.TakeOperator(":"))
        {
            var keys = new List<Expression> { start! };
            while (tokens.TakeOperator(","))
            {
                keys.Add(Read());
            }

            tokens.ExpectOperator("]");
            return new ItemNode(line, node, keys.Count == 1 ? start! : new TupleNode(line, keys));
        }

        Expression? stop = tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]") ? null : Read();
        Expression? step = tokens.TakeOperator(":") && !tokens.Current.IsOperator("]") ? Read() : null;
        tokens.ExpectOperator("]");
        return new SliceNode(line, node, start, stop, step);
    }

    private Expression ReadFiltersAndTests(Expression node)
    {
        while (true)
        {
            TemplateToken token = tokens.Current;
            if (token.IsOperator("|"))
            {
                node = ReadFilters(node)!;
            }
            else if (token.IsName("is"))
            {
                node = ReadTest(node);
            }
            else if (token.IsOperator("("))
            {
                node = new CallNode(token.Line, node, ReadArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private Expression ReadTest(Expression node)
    {
        int line = tokens.Take().Line;
        bool isNegated = tokens.TakeName("not");
        string name = tokens.Expect(TokenKind.Name, "the name of a test").Text;
        var arguments = new CallArguments();
        TemplateToken token = tokens.Current;
        if (token.IsOperator("("))
        {
            arguments = ReadArguments();
        }
        else if ((token.Kind is TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float
            || token.IsOperator("[") || token.IsOperator("{"))
            && !(token.Kind == TokenKind.Name && token.Text is ("else" or "or" or "and")))
        {
            if (token.IsName("is"))
            {
                throw new TemplateException("tests cannot follow each other. Join them with 'and'");
            }

            arguments.Add(new CallArgument(CallArgumentKind.Positional, "", ReadPostfix(ReadPrimary())));
        }

        Expression test = new TestNode(line, node, name, arguments);
        return isNegated ? new NotNode(line, test) : test;
    }
}
