using System.Runtime.CompilerServices;

namespace MoeSharp.Text.Templates.Values;

/// <summary>Values in order: what lists and tuples have in common.</summary>
internal abstract class SequenceValue : Value
{
    public abstract IReadOnlyList<Value> Items { get; }

    public override bool IsTrue => Items.Count > 0;

    public override int? Count => Items.Count;

    public override IReadOnlyList<Value> Elements => Items;

    /// <summary>A sequence of the same type.</summary>
    public abstract SequenceValue With(IEnumerable<Value> items);

    public override Value? Item(Value key)
    {
        if (!Number.TryIndex(key, out int index))
        {
            return null;
        }

        index = index < 0 ? index + Items.Count : index;
        return (uint)index < (uint)Items.Count ? Items[index] : null;
    }

    public override bool EqualTo(Value other, ref int work)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is not SequenceValue sequence || other.TypeName != TypeName || sequence.Items.Count != Items.Count)
        {
            return false;
        }

        for (int i = 0; i < Items.Count; i++)
        {
            Spend(ref work);
            if (!Items[i].EqualTo(sequence.Items[i], ref work))
            {
                return false;
            }
        }

        return true;
    }

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (Value item in Items)
        {
            hash.Add(item is SequenceValue inner ? inner.Items.Count : item.GetHashCode()); // no deeper: equality decides
        }

        return hash.ToHashCode();
    }

    /// <summary>Writes the elements between brackets.</summary>
    protected void WriteItems(ValueWriter writer, string open, string close)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        writer.Append(open);
        for (int i = 0; i < Items.Count; i++)
        {
            writer.Append(i == 0 ? "" : ", ");
            Items[i].WriteQuoted(writer);
        }

        writer.Append(close);
    }
}
