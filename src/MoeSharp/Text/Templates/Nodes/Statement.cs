using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates.Nodes;

/// <summary>A part of a template that writes text or sets variables.</summary>
internal abstract class Statement(int line)
{
    /// <summary>Runs it.</summary>
    /// <param name="rendering">The rendering.</param>
    /// <param name="scope">The variables of the place.</param>
    /// <param name="output">Where text goes.</param>
    /// <returns>Whether the loop around it goes on as usual.</returns>
    public Flow Execute(Rendering rendering, Scope scope, ValueWriter output)
    {
        rendering.Step(line);
        return Run(rendering, scope, output);
    }

    protected abstract Flow Run(Rendering rendering, Scope scope, ValueWriter output);
}
