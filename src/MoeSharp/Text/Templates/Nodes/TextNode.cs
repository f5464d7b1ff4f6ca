using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>Text between tags.</summary>
internal sealed class TextNode(int line, string text) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        output.Append(text);
        return Flow.Next;
    }
}
