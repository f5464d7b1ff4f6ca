using System.Text;

namespace MoeSharp.Text.Templates.Values;

/// <summary>Collects text, remembers which of it came from outside the template, and stops when it grows too long.</summary>
internal sealed class ValueWriter(Rendering rendering)
{
    private readonly StringBuilder _text = new();
    private TextMarks? _marks;

    public Rendering Rendering => rendering;

    /// <summary>Whether values are written as Python writes them.</summary>
    public bool IsPython => rendering.IsPython;

    public int Length => _text.Length;

    /// <summary>Adds text of the template.</summary>
    public void Append(string text) => Append(text, TextOrigin.Template);

    /// <summary>Adds text that someone wrote.</summary>
    public void Append(string text, TextOrigin origin)
    {
        Grow(text.Length);
        if (origin != TextOrigin.Template)
        {
            (_marks ??= new TextMarks()).Add(_text.Length, _text.Length + text.Length, origin);
        }

        _text.Append(text);
    }

    /// <summary>Adds a text with its marks.</summary>
    public void Append(TextValue value) => Append(value, 0, value.Text.Length);

    /// <summary>Adds a part of a text with its marks.</summary>
    public void Append(TextValue value, int start, int end)
    {
        if (start >= end)
        {
            return;
        }

        Grow(end - start);
        if (value.Marks is not null)
        {
            (_marks ??= new TextMarks()).Add(value.Marks, start, end, _text.Length);
        }

        _text.Append(value.Text, start, end - start);
    }

    /// <summary>What was written.</summary>
    public TextValue ToText(bool isSafe = false) => new(_text.ToString(), _marks, isSafe);

    private void Grow(int count)
    {
        rendering.Budget.Charge(count);
        rendering.Budget.CheckLength((long)_text.Length + count);
    }
}
