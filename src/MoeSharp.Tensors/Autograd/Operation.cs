namespace MoeSharp.Tensors.Autograd;

/// <summary>One recorded step of a computation: knows its inputs and its outputs, and how gradients flow back.</summary>
/// <remarks>
/// One operation, one file in <c>Ops/</c>: a static <c>Apply</c> computes the result and, when the scope of its input records
/// and an input needs a gradient, records an instance. Nothing is allocated when nothing is recorded.
/// </remarks>
public abstract class Operation
{
    /// <summary>Creates the record of an operation.</summary>
    /// <param name="output">What it made.</param>
    /// <param name="secondOutput">What else it made, if anything.</param>
    protected Operation(Tensor output, Tensor? secondOutput = null)
    {
        Output = output;
        SecondOutput = secondOutput;
    }

    /// <summary>What the operation made.</summary>
    public Tensor Output { get; }

    /// <summary>What else it made, if anything.</summary>
    public Tensor? SecondOutput { get; }

    /// <summary>Adds this operation's share to the gradients of its inputs, from <see cref="OutputGradient"/>.</summary>
    /// <remarks>Called once, and only when an output has a gradient. Writes through <see cref="Tensor.GradientFor"/>,
    /// only for inputs with <see cref="Tensor.NeedsGradient"/>.</remarks>
    protected internal abstract void Backward();

    /// <summary>The gradient of <see cref="Output"/>.</summary>
    protected Tensor OutputGradient => Output.Gradient
        ?? throw new InvalidOperationException($"{GetType().Name}: the first output has no gradient.");

    /// <summary>Records <paramref name="operation"/>'s outputs as dependent on a parameter.</summary>
    /// <returns>The first output.</returns>
    internal static Tensor Record(TensorScope scope, Operation operation)
    {
        operation.Output.NeedsGradient = true;
        if (operation.SecondOutput is { } second)
        {
            second.NeedsGradient = true;
        }

        scope.Tape!.Record(operation);
        return operation.Output;
    }

    /// <summary>True when the scope records; the cheap test before anything is allocated for a record.</summary>
    protected static bool Records(TensorScope scope, Tensor input) =>
        scope.Tape is { IsRecording: true } && input.NeedsGradient;

    /// <inheritdoc cref="Records(TensorScope, Tensor)"/>
    protected static bool Records(TensorScope scope, Tensor first, Tensor? second, Tensor? third = null) =>
        scope.Tape is { IsRecording: true }
        && (first.NeedsGradient || second is { NeedsGradient: true } || third is { NeedsGradient: true });

    /// <summary>The scope of an activation.</summary>
    /// <exception cref="InvalidOperationException">The tensor stands free, so there is no place for the result.</exception>
    protected static TensorScope ScopeOf(string where, Tensor input) => input.Scope
        ?? throw new InvalidOperationException(
            $"{where}: the input {input.Shape} stands free. Make it in a TensorScope (scope.From …), where the result can live too.");
}
