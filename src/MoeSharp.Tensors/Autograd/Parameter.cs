namespace MoeSharp.Tensors.Autograd;

/// <summary>A named weight that training changes: its value stands free, its gradient stays with it from step to step.</summary>
public sealed class Parameter
{
    /// <summary>Names a value as trainable.</summary>
    /// <param name="name">Its path in the model, as <c>layers.0.experts.down</c>.</param>
    /// <param name="value">The value; must stand free.</param>
    /// <exception cref="ArgumentException">The value lives in a scope.</exception>
    public Parameter(string name, Tensor value)
    {
        if (value.Scope is not null)
        {
            throw new ArgumentException($"parameter '{name}': its value lives in a scope. Use a free tensor.", nameof(value));
        }

        Name = name;
        Value = value;
        value.NeedsGradient = true;
    }

    /// <summary>Its path in the model.</summary>
    public string Name { get; }

    /// <summary>The value; operations take this tensor.</summary>
    public Tensor Value { get; }

    /// <summary>The gradient since the last <see cref="ClearGradient"/>, or null.</summary>
    public Tensor? Gradient => Value.Gradient;

    /// <summary>False freezes the parameter: no gradient is computed.</summary>
    public bool IsTrainable
    {
        get => Value.NeedsGradient;
        set => Value.NeedsGradient = value;
    }

    /// <summary>Forgets the gradient without touching its memory; the next backward pass overwrites it.</summary>
    public void ClearGradient() => Value.ClearGradient();

    /// <summary>Name and shape.</summary>
    public override string ToString() => $"{Name} {Value.Shape}";
}
