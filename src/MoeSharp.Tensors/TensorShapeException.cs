namespace MoeSharp.Tensors;

/// <summary>The sizes of two tensors, or of a tensor and its use, do not fit; the message carries them.</summary>
public sealed class TensorShapeException : ArgumentException
{
    /// <summary>Creates the fault without a message.</summary>
    public TensorShapeException()
    {
    }

    /// <summary>Creates the fault with its message.</summary>
    public TensorShapeException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the fault with its message and cause.</summary>
    public TensorShapeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
