namespace MoeSharp.Text.Templates.Nodes;

/// <summary>How it goes on after a statement.</summary>
internal enum Flow
{
    /// <summary>With the next one.</summary>
    Next,

    /// <summary>After the loop.</summary>
    Break,

    /// <summary>With the loop's next element.</summary>
    Continue,
}
