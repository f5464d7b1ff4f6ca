namespace MoeSharp.Text.Templates.Values;

/// <summary>A function of the engine, or a method together with its object.</summary>
internal sealed class FunctionValue(string name, Func<Rendering, Arguments, Value> body) : CallableValue
{
    public override string Name => name;

    public override Value Call(Rendering rendering, Arguments arguments) => body(rendering, arguments);
}
