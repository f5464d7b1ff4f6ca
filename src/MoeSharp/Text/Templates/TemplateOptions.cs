namespace MoeSharp.Text.Templates;

/// <summary>How a template is rendered, and what it may cost.</summary>
public sealed record TemplateOptions
{
    /// <summary>Whose habits are followed.</summary>
    /// <value>Python's by default.</value>
    public TemplateDialect Dialect { get; init; } = TemplateDialect.Python;

    /// <summary>The longest rendering.</summary>
    /// <value>5 seconds by default.</value>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most characters of a rendering, and of any text or list on the way to it.</summary>
    /// <value>16 Mi by default.</value>
    public int MaxOutputLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>How deep macros may call each other.</summary>
    /// <value>200 by default.</value>
    public int MaxDepth { get; init; } = 200;

    /// <summary>The clock of <c>strftime_now</c>.</summary>
    /// <value>The system's by default.</value>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
