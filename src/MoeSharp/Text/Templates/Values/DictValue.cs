using System.Runtime.CompilerServices;
using MoeSharp.Text.Templates.Functions;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A dictionary, in the order of insertion.</summary>
internal sealed class DictValue : Value
{
    public OrderedDictionary<Value, Value> Entries { get; } = [];

    public override string TypeName => "dict";

    public override bool IsTrue => Entries.Count > 0;

    public override int? Count => Entries.Count;

    public override IReadOnlyList<Value> Elements => [.. Entries.Keys];

    /// <summary>The pairs as tuples.</summary>
    public IEnumerable<Value> Pairs => Entries.Select(entry => (Value)new TupleValue(entry.Key, entry.Value));

    /// <summary>Sets an entry; a key that is there keeps its place.</summary>
    /// <exception cref="TemplateException">The key can change, so that it cannot be found again.</exception>
    public void Set(Value key, Value value) => Entries[Hashable(key)] = value;

    /// <summary>Sets an entry under a name.</summary>
    public void Set(string key, Value value) => Entries[new TextValue(key)] = value;

    /// <summary>The entry under a name, or null.</summary>
    public Value? Find(string key) => Entries.GetValueOrDefault(new TextValue(key));

    /// <summary>A key that may be looked up.</summary>
    public static Value Hashable(Value key) => key is ListValue or DictValue
        ? throw new TemplateException($"a {key.TypeName} cannot be a key. Use a text, a number or a tuple")
        : key;

    public override Value? Attribute(string name) => DictMethods.Find(this, name);

    public override Value? Item(Value key) => key is ListValue or DictValue ? null : Entries.GetValueOrDefault(key);

    public override void Write(ValueWriter writer)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        writer.Append("{");
        bool first = true;
        foreach ((Value key, Value value) in Entries)
        {
            writer.Append(first ? "" : ", ");
            key.WriteQuoted(writer);
            writer.Append(": ");
            value.WriteQuoted(writer);
            first = false;
        }

        writer.Append("}");
    }

    public override bool EqualTo(Value other, ref int work)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is not DictValue dict || dict.Entries.Count != Entries.Count)
        {
            return false;
        }

        foreach ((Value key, Value value) in Entries)
        {
            Spend(ref work);
            if (!dict.Entries.TryGetValue(key, out Value? same) || !value.EqualTo(same, ref work))
            {
                return false;
            }
        }

        return true;
    }

    public override int GetHashCode() => Entries.Count;
}
