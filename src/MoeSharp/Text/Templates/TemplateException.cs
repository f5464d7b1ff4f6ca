using System.Globalization;

namespace MoeSharp.Text.Templates;

/// <summary>A template cannot be read, or cannot render what it was given.</summary>
/// <remarks>The message names the template, the line, what is wrong and what to do.</remarks>
public sealed class TemplateException : Exception
{
    internal TemplateException(string fault)
        : base(fault)
    {
        Fault = fault;
    }

    private TemplateException(string name, int line, string fault, bool isRefusal, Exception inner)
        : base(string.Create(CultureInfo.InvariantCulture, $"{name}, line {line}: {fault}{(fault.EndsWith('.') ? "" : ".")}"), inner)
    {
        Fault = fault;
        Line = line;
        IsRefusal = isRefusal;
    }

    /// <summary>What is wrong, without the place.</summary>
    public string Fault { get; }

    /// <summary>The line of the template, from 1; 0 when it is not known.</summary>
    public int Line { get; }

    /// <summary>True when the template itself refuses the conversation (<c>raise_exception</c>); <see cref="Fault"/> is then its message.</summary>
    public bool IsRefusal { get; internal init; }

    internal TemplateException At(string name, int line) => Line > 0 ? this : new TemplateException(name, line, Fault, IsRefusal, this);
}
