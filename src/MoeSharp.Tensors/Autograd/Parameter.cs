using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Tensors.Autograd;

/// <summary>A named weight: in float32, which training changes, or packed as it is stored, which is frozen.</summary>
/// <remarks>The value stands free, its gradient stays with it from step to step. Memory of an undefined value is taken on first use, so a
/// model whose weights will be packed costs nothing before they come.</remarks>
public sealed class Parameter
{
    private Tensor? _value;
    private bool _isTrainable = true;

    /// <summary>Names a value as trainable.</summary>
    /// <param name="name">Its path in the model, as <c>layers.0.experts.down</c>.</param>
    /// <param name="value">The value; must stand free.</param>
    /// <exception cref="ArgumentException">The value lives in a scope.</exception>
    public Parameter(string name, Tensor value)
        : this(name, value.Shape)
    {
        if (value.Scope is not null)
        {
            throw new ArgumentException($"parameter '{name}': its value lives in a scope. Use a free tensor.", nameof(value));
        }

        _value = value;
        value.NeedsGradient = true;
    }

    /// <summary>Names a trainable value with undefined content, for loading.</summary>
    /// <param name="name">Its path in the model.</param>
    /// <param name="shape">Its shape.</param>
    public Parameter(string name, TensorShape shape)
    {
        Name = name;
        Shape = shape;
    }

    /// <summary>Its path in the model.</summary>
    public string Name { get; }

    /// <summary>Its shape, whatever it is stored as.</summary>
    public TensorShape Shape { get; }

    /// <summary>True where the layer asks for products or rows only, so that the weight may be packed.</summary>
    /// <value>False by default: routers, norms and biases stay float32.</value>
    public bool CanPack { get; init; }

    /// <summary>The weight as it is stored; null when it is the float32 <see cref="Value"/>.</summary>
    public PackedWeight? Packed { get; private set; }

    /// <summary>The float32 value; operations take this tensor.</summary>
    /// <exception cref="InvalidOperationException">The weight is packed.</exception>
    public Tensor Value => _value ?? MakeValue();

    /// <summary>The gradient since the last <see cref="ClearGradient"/>, or null.</summary>
    public Tensor? Gradient => _value?.Gradient;

    /// <summary>False freezes the parameter: no gradient is computed. A packed weight is always frozen.</summary>
    public bool IsTrainable
    {
        get => _isTrainable;
        set
        {
            _isTrainable = value && Packed is null;
            if (_value is not null)
            {
                _value.NeedsGradient = _isTrainable;
            }
        }
    }

    /// <summary>Replaces the value by a stored weight, and freezes it.</summary>
    /// <exception cref="TensorShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">The layer needs float32 (<see cref="CanPack"/>).</exception>
    public void Pack(PackedWeight weight)
    {
        if (!CanPack)
        {
            throw new InvalidOperationException($"parameter '{Name}': is computed with in float32 and cannot be packed. Read it as float32.");
        }

        if (!weight.Shape.Equals(Shape))
        {
            throw new TensorShapeException($"parameter '{Name}': has the shape {Shape}, the packed weight {weight.Shape}. They must be equal.");
        }

        Packed = weight;
        _value = null;
        _isTrainable = false;
    }

    /// <summary>A packed weight becomes a float32 value, still frozen; any other stays as it is.</summary>
    public void Unpack()
    {
        if (Packed is { } packed)
        {
            _value = packed.ToTensor();
            Packed = null;
        }
    }

    /// <summary>Values of a run of elements in float32, however the weight is stored.</summary>
    /// <param name="start">First element of the flattened weight; the first of a row where it is packed.</param>
    /// <param name="values">Filled completely; whole rows where it is packed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The run leaves the weight, or is no whole rows of a packed one.</exception>
    public void CopyRange(long start, Tensor values)
    {
        long columns = Math.Max(1, Shape.Columns);
        if (Packed is not null && (start % columns != 0 || values.Length % columns != 0))
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), $"parameter '{Name}': {values.Length} elements from {start} on are no whole rows of {Packed}.");
        }

        for (long done = 0; done < values.Length; done += columns)
        {
            Span<float> target = values.SpanAt(done, (int)Math.Min(columns, values.Length - done));
            if (Packed is { } packed)
            {
                packed.Dequantize((start + done) / columns, target);
            }
            else
            {
                Value.SpanAt(start + done, target.Length).CopyTo(target);
            }
        }
    }

    /// <summary>Forgets the gradient without touching its memory; the next backward pass overwrites it.</summary>
    public void ClearGradient() => _value?.ClearGradient();

    /// <summary>Name and shape.</summary>
    public override string ToString() => $"{Name} {Shape}";

    private Tensor MakeValue()
    {
        if (Packed is { } packed)
        {
            throw new InvalidOperationException(
                $"parameter '{Name}': is stored as {packed.Format?.Name ?? "several formats"} and has no float32 value. Load the model in float32 to train or change it.");
        }

        Tensor made = Tensor.Uninitialized(Shape);
        made.NeedsGradient = _isTrainable;
        return Interlocked.CompareExchange(ref _value, made, null) ?? made;
    }
}
