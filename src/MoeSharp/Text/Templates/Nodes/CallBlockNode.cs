using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>{% call(parameters) name(arguments) %} … {% endcall %}</c>: the body reaches the macro as <c>caller</c>.</summary>
internal sealed class CallBlockNode(int line, CallNode call, MacroNode body) : Statement(line)
{
    protected override Flow Run(Rendering rendering, Scope scope, ValueWriter output)
    {
        call.Call(rendering, scope, new MacroValue(body, scope)).Write(output);
        return Flow.Next;
    }
}
