using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{key: value}</c>.</summary>
internal sealed class DictNode(int line, IReadOnlyList<(Expression Key, Expression Value)> entries) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        var dict = new DictValue();
        foreach ((Expression key, Expression value) in entries)
        {
            dict.Set(key.Evaluate(rendering, scope), value.Evaluate(rendering, scope));
        }

        return dict;
    }
}
