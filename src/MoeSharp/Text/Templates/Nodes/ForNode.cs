using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% for target in iterable if condition recursive %} … {% else %} … {% endfor %}</c>.</summary>
/// <remarks>Each round has a scope of its own: what it sets is gone in the next one.</remarks>
internal sealed class ForNode(
    int line, Target target, Expression iterable, Expression? condition, bool isRecursive, BodyNode body, BodyNode? otherwise)
    : Statement(line)
{
    public bool IsRecursive => isRecursive;

    /// <summary>Runs the loop over a value.</summary>
    /// <param name="rendering">The rendering.</param>
    /// <param name="scope">The variables around the loop.</param>
    /// <param name="value">What it goes through.</param>
    /// <param name="depth">How often a recursive loop has called itself.</param>
    /// <param name="output">Where text goes.</param>
    public void Run(Rendering rendering, Scope scope, Value value, int depth, ValueWriter output)
    {
        Value[] items = [.. Select(rendering, scope, value)];
        var loop = new LoopValue(this, scope, items, depth);
        bool ran = false;
        for (int i = 0; i < items.Length; i++)
        {
            rendering.Budget.Tick();
            ran = true;
            loop.Index = i;
            var round = new Scope(scope);
            round.Set("loop", loop);
            target.Assign(rendering, round, items[i]);
            if (body.Execute(rendering, round, output) == Flow.Break)
            {
                break;
            }
        }

        if (!ran)
        {
            otherwise?.Execute(rendering, new Scope(scope), output);
        }
    }

    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        Run(rendering, scope, iterable.Evaluate(rendering, scope), depth: 0, output);
        return Flow.Next;
    }

    private IEnumerable<Value> Select(Rendering rendering, Scope scope, Value value)
    {
        foreach (Value item in rendering.Elements(value))
        {
            if (condition is not null)
            {
                var round = new Scope(scope);
                target.Assign(rendering, round, item);
                if (!condition.Evaluate(rendering, round).IsTrue)
                {
                    continue;
                }
            }

            yield return item;
        }
    }
}
