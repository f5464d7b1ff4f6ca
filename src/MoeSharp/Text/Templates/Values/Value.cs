using System.Runtime.CompilerServices;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A value of a template, as Python would hold it.</summary>
/// <remarks>Equality and hash are Python's: <c>1 == 1.0 == True</c>, a list never equals a tuple.</remarks>
internal abstract class Value
{
    private const int MaxComparisons = 1_000_000; // lists that hold the same lists again and again would never end

    /// <summary>Python's name of the type, for errors.</summary>
    public abstract string TypeName { get; }

    /// <summary>Whether a condition holds.</summary>
    public virtual bool IsTrue => true;

    /// <summary>The number of elements; null when the value has no length.</summary>
    public virtual int? Count => null;

    /// <summary>What a loop goes through; null when the value cannot be looped over.</summary>
    public virtual IReadOnlyList<Value>? Elements => null;

    /// <summary>Writes the value as <c>str()</c> does.</summary>
    public abstract void Write(ValueWriter writer);

    /// <summary>Writes the value as <c>repr()</c> does: as it stands inside a list.</summary>
    public virtual void WriteQuoted(ValueWriter writer) => Write(writer);

    /// <summary>A method or a field; null when there is none of that name.</summary>
    public virtual Value? Attribute(string name) => null;

    /// <summary>The element under a key or at a position; null when there is none.</summary>
    public virtual Value? Item(Value key) => null;

    /// <summary>Python's equality.</summary>
    /// <param name="other">The other value.</param>
    /// <param name="work">Comparisons that may still be made.</param>
    public virtual bool EqualTo(Value other, ref int work) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj)
    {
        int work = MaxComparisons;
        return obj is Value other && EqualTo(other, ref work);
    }

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    /// <summary>Counts a comparison.</summary>
    protected static void Spend(ref int work)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (--work < 0)
        {
            throw new TemplateException("a comparison of lists does not end. Compare smaller values");
        }
    }
}
