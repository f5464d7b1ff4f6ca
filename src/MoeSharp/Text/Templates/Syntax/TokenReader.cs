namespace MoeSharp.Text.Templates.Syntax;

/// <summary>Goes through the tokens of a template.</summary>
internal sealed class TokenReader(IReadOnlyList<TemplateToken> tokens)
{
    private int _index;

    public TemplateToken Current => tokens[_index];

    public TemplateToken Next => tokens[Math.Min(_index + 1, tokens.Count - 1)];

    /// <summary>Takes the current token.</summary>
    public TemplateToken Take()
    {
        TemplateToken token = Current;
        _index = Math.Min(_index + 1, tokens.Count - 1);
        return token;
    }

    public bool TakeOperator(string sign) => TakeIf(Current.IsOperator(sign));

    public bool TakeName(string word) => TakeIf(Current.IsName(word));

    public void ExpectOperator(string sign)
    {
        if (!TakeOperator(sign))
        {
            throw Unexpected($"'{sign}'");
        }
    }

    public void ExpectName(string word)
    {
        if (!TakeName(word))
        {
            throw Unexpected($"'{word}'");
        }
    }

    public TemplateToken Expect(TokenKind kind, string what) => Current.Kind == kind ? Take() : throw Unexpected(what);

    /// <summary>The fault of a token that is out of place.</summary>
    public TemplateException Unexpected(string wanted) => new($"{Current.Description} stands where {wanted} must be. Correct the template");

    private bool TakeIf(bool condition)
    {
        if (condition)
        {
            Take();
        }

        return condition;
    }
}
