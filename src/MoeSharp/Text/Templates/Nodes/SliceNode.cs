using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>owner[start:stop:step]</c>, with Python's rules.</summary>
internal sealed class SliceNode(int line, Expression owner, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    protected override Value Compute(Rendering rendering, Scope scope)
    {
        Value value = owner.Evaluate(rendering, scope);
        int? from = Bound(start, rendering, scope), to = Bound(stop, rendering, scope);
        int by = Bound(step, rendering, scope) ?? 1;
        rendering.Line = Line;
        if (by == 0)
        {
            throw new TemplateException("the step of a slice is 0. Use another number");
        }

        return value switch
        {
            TextValue text => Slice(rendering, text, from, to, by),
            SequenceValue sequence => sequence.With(Positions(sequence.Items.Count, from, to, by).Select(i => sequence.Items[i])),
            UndefinedValue undefined when rendering.IsPython => throw undefined.Fault(),
            _ when rendering.IsPython => new UndefinedValue($"a {value.TypeName} cannot be sliced"),
            _ => throw new TemplateException($"a {value.TypeName} cannot be sliced. Give a text or a list"),
        };
    }

    private static int? Bound(Expression? expression, Rendering rendering, Scope scope) => expression?.Evaluate(rendering, scope) switch
    {
        null or NoneValue => null,
        Value value when Number.TryIndex(value, out int index) => index,
        UndefinedValue when !rendering.IsPython => null,
        Value value => throw new TemplateException($"the bounds of a slice must be whole numbers, got a {value.TypeName}. Give numbers"),
    };

    private static TextValue Slice(Rendering rendering, TextValue text, int? from, int? to, int by)
    {
        if (by == 1)
        {
            int count = text.Count!.Value;
            int first = Clamp(from ?? 0, count), last = Math.Max(first, Clamp(to ?? count, count));
            return text.Slice(text.Offset(first), text.Offset(last));
        }

        IReadOnlyList<Value> elements = text.Elements;
        var writer = new ValueWriter(rendering);
        foreach (int i in Positions(elements.Count, from, to, by))
        {
            writer.Append((TextValue)elements[i]);
        }

        return writer.ToText(text.IsSafe);
    }

    private static int Clamp(int index, int count) => Math.Clamp(index < 0 ? index + count : index, 0, count);

    private static IEnumerable<int> Positions(int count, int? from, int? to, int by)
    {
        if (by > 0)
        {
            int last = Clamp(to ?? count, count);
            for (long i = Clamp(from ?? 0, count); i < last; i += by)
            {
                yield return (int)i;
            }
        }
        else
        {
            // Backwards, the end before the first element is -1, which no number can name.
            int first = from is { } start ? Math.Clamp(start < 0 ? start + count : start, -1, count - 1) : count - 1;
            int last = to is { } stop ? Math.Clamp(stop < 0 ? stop + count : stop, -1, count - 1) : -1;
            for (long i = first; i > last; i += by)
            {
                yield return (int)i;
            }
        }
    }
}
