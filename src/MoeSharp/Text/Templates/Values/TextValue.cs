using MoeSharp.Text.Templates.Functions;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A text, counted in code points as Python counts it.</summary>
/// <param name="text">The characters.</param>
/// <param name="marks">Which of them came from outside the template; null for none.</param>
/// <param name="isSafe">Whether it is marked up already, so that joining it to other text escapes that.</param>
internal sealed class TextValue(string text, TextMarks? marks = null, bool isSafe = false) : Value
{
    public string Text => text;

    public TextMarks? Marks => marks;

    public bool IsSafe => isSafe;

    public static TextValue Empty { get; } = new("");

    public override string TypeName => "str";

    public override bool IsTrue => text.Length > 0;

    /// <summary>True when some characters take two units.</summary>
    public bool IsWide => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0;

    public override int? Count => IsWide ? CodePoints(text) : text.Length;

    public override IReadOnlyList<Value> Elements
    {
        get
        {
            var elements = new List<Value>(text.Length);
            for (int i = 0; i < text.Length;)
            {
                int length = Step(i);
                elements.Add(Slice(i, i + length));
                i += length;
            }

            return elements;
        }
    }

    /// <summary>A part, in units of the text.</summary>
    public TextValue Slice(int start, int end)
    {
        if (start == 0 && end == text.Length)
        {
            return this;
        }

        TextMarks? part = null;
        if (marks is not null)
        {
            part = new TextMarks();
            part.Add(marks, start, end, 0);
        }

        return new TextValue(text[start..end], part, isSafe);
    }

    /// <summary>The same marks on other characters, one for one.</summary>
    public TextValue With(string other) =>
        new(other, marks is null || other.Length == text.Length ? marks : TextMarks.Whole(other.Length, marks.Ranges.Max(range => range.Origin)), isSafe);

    /// <summary>The same text, marked up or not.</summary>
    public TextValue WithSafe(bool safe) => safe == isSafe ? this : new TextValue(text, marks, safe);

    /// <summary>The place, in units, of a code point; the end for one past the last.</summary>
    public int Offset(int codePoint)
    {
        if (!IsWide)
        {
            return Math.Min(codePoint, text.Length);
        }

        int offset = 0;
        for (; codePoint > 0 && offset < text.Length; codePoint--)
        {
            offset += Step(offset);
        }

        return offset;
    }

    public override Value? Attribute(string name) => TextMethods.Find(this, name);

    public override Value? Item(Value key)
    {
        if (!Number.TryIndex(key, out int index))
        {
            return null;
        }

        int count = Count!.Value;
        index = index < 0 ? index + count : index;
        if ((uint)index >= (uint)count)
        {
            return null;
        }

        int start = Offset(index);
        return Slice(start, start + Step(start));
    }

    public override void Write(ValueWriter writer) => writer.Append(this);

    public override void WriteQuoted(ValueWriter writer) => TextQuoting.Write(this, writer);

    public override bool EqualTo(Value other, ref int work) => other is TextValue same && same.Text == text;

    public override int GetHashCode() => text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The number of code points of a text.</summary>
    public static int CodePoints(string text)
    {
        int count = 0;
        for (int i = 0; i < text.Length; i++, count++)
        {
            i += i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 1 : 0;
        }

        return count;
    }

    private int Step(int offset) => offset + 1 < text.Length && char.IsSurrogatePair(text[offset], text[offset + 1]) ? 2 : 1;
}
