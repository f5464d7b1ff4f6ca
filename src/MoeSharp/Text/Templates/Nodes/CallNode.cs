using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary><c>function(arguments)</c>.</summary>
internal sealed class CallNode(int line, Expression function, CallArguments arguments) : Expression(line)
{
    /// <summary>Calls it, and hands it the body of a call block.</summary>
    public Value Call(Rendering rendering, Scope scope, MacroValue? caller)
    {
        Value callee = function.Evaluate(rendering, scope);
        Arguments given = arguments.Evaluate(rendering, scope, caller);
        rendering.Line = Line;
        rendering.Caller = scope;
        return callee switch
        {
            CallableValue callable => callable.Call(rendering, given),
            UndefinedValue undefined => throw undefined.Fault(),
            _ => throw new TemplateException($"a {callee.TypeName} cannot be called. Call a macro or a method"),
        };
    }

    protected override Value Compute(Rendering rendering, Scope scope) => Call(rendering, scope, null);
}
