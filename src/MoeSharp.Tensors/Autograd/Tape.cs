namespace MoeSharp.Tensors.Autograd;

/// <summary>What was computed, in order, so that gradients can be taken by walking it backwards.</summary>
/// <remarks>
/// <para>Belongs to one <see cref="TensorScope"/>. During <see cref="Backward(Tensor)"/> the value and gradient of each intermediate go
/// back to the pool as soon as nothing can need them any more (unless <see cref="Tensor.Keep"/> was called), which halves the
/// memory that a step touches. The tape is empty afterwards.</para>
/// <para>Not safe for concurrent use.</para>
/// </remarks>
public sealed class Tape
{
    private readonly List<Operation> _operations = [];
    private readonly TensorScope _scope;

    internal Tape(TensorScope scope) => _scope = scope;

    /// <summary>False to pause recording, as for an evaluation in the middle of a step.</summary>
    public bool IsRecording { get; set; } = true;

    /// <summary>Count of recorded operations.</summary>
    public int Count => _operations.Count;

    /// <summary>Gradients of a single number with respect to everything it depends on.</summary>
    /// <param name="loss">A tensor of length one that was recorded here.</param>
    public void Backward(Tensor loss) => Backward(loss, 1f);

    /// <summary>As <see cref="Backward(Tensor)"/>, times <paramref name="scale"/>.</summary>
    public void Backward(Tensor loss, float scale)
    {
        if (loss.Length != 1)
        {
            throw new TensorShapeException(
                $"backward: the loss has shape {loss.Shape}. It must be a single number; sum or average it first.");
        }

        loss.Keep();
        loss.GradientFor(out bool accumulate).Span[0] = scale + (accumulate ? loss.Gradient!.Span[0] : 0);
        Run();
    }

    /// <summary>Gradients of <c>Σ weights ∘ output</c>.</summary>
    public void Backward(Tensor output, Tensor weights)
    {
        Throw.UnlessShape("backward", weights, output.Shape);
        output.Keep();
        Tensor gradient = output.GradientFor(out _);
        weights.Span.CopyTo(gradient.Span);
        Run();
    }

    internal void Record(Operation operation) => _operations.Add(operation);

    internal void Clear() => _operations.Clear();

    private void Run()
    {
        for (int i = _operations.Count - 1; i >= 0; i--)
        {
            Operation operation = _operations[i];
            if (operation.Output.HasGradient || operation.SecondOutput is { HasGradient: true })
            {
                operation.Backward();
            }

            GiveBack(operation.Output);
            if (operation.SecondOutput is { } second)
            {
                GiveBack(second);
            }
        }

        _operations.Clear();
    }

    private void GiveBack(Tensor tensor)
    {
        if (tensor.IsKept)
        {
            return;
        }

        if (tensor.DetachGradient() is { } gradient)
        {
            _scope.Release(gradient);
        }

        _scope.Release(tensor);
    }
}
