using System.Runtime.CompilerServices;
using MoeSharp.Text.Templates.Nodes;

namespace MoeSharp.Text.Templates.Syntax;

/// <summary>The operators between operands.</summary>
internal sealed partial class ExpressionParser
{
    private static readonly string[] s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private Expression ReadOr()
    {
        Expression left = ReadAnd();
        while (tokens.Current.IsName("or"))
        {
            left = new LogicNode(tokens.Take().Line, isOr: true, left, ReadAnd());
        }

        return left;
    }

    private Expression ReadAnd()
    {
        Expression left = ReadNot();
        while (tokens.Current.IsName("and"))
        {
            left = new LogicNode(tokens.Take().Line, isOr: false, left, ReadNot());
        }

        return left;
    }

    private Expression ReadNot()
    {
        if (!tokens.Current.IsName("not"))
        {
            return ReadComparison();
        }

        RuntimeHelpers.EnsureSufficientExecutionStack();
        return new NotNode(tokens.Take().Line, ReadNot());
    }

    private Expression ReadComparison()
    {
        Expression first = ReadSum();
        var others = new List<(string Operator, Expression Operand)>();
        int line = tokens.Current.Line;
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && s_comparisons.Contains(tokens.Current.Text))
            {
                others.Add((tokens.Take().Text, ReadSum()));
            }
            else if (tokens.TakeName("in"))
            {
                others.Add(("in", ReadSum()));
            }
            else if (tokens.Current.IsName("not") && tokens.Next.IsName("in"))
            {
                tokens.Take();
                tokens.Take();
                others.Add(("not in", ReadSum()));
            }
            else
            {
                return others.Count == 0 ? first : new CompareNode(line, first, others);
            }
        }
    }

    private Expression ReadSum()
    {
        Expression left = ReadConcatenation();
        while (tokens.Current.IsOperator("+") || tokens.Current.IsOperator("-"))
        {
            TemplateToken sign = tokens.Take();
            left = new ArithmeticNode(sign.Line, sign.Text, left, ReadConcatenation());
        }

        return left;
    }

    private Expression ReadConcatenation()
    {
        Expression first = ReadProduct();
        if (!tokens.Current.IsOperator("~"))
        {
            return first;
        }

        var parts = new List<Expression> { first };
        int line = tokens.Current.Line;
        while (tokens.TakeOperator("~"))
        {
            parts.Add(ReadProduct());
        }

        return new ConcatenationNode(line, parts);
    }

    private Expression ReadProduct()
    {
        Expression left = ReadPower();
        while (tokens.Current.Kind == TokenKind.Operator && tokens.Current.Text is ("*" or "/" or "//" or "%"))
        {
            TemplateToken sign = tokens.Take();
            left = new ArithmeticNode(sign.Line, sign.Text, left, ReadPower());
        }

        return left;
    }

    private Expression ReadPower()
    {
        Expression left = ReadSigned(withFilter: true);
        while (tokens.Current.IsOperator("**"))
        {
            left = new ArithmeticNode(tokens.Take().Line, "**", left, ReadSigned(withFilter: true));
        }

        return left;
    }
}
