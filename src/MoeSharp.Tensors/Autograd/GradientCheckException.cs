namespace MoeSharp.Tensors.Autograd;

/// <summary>A gradient does not agree with differences of the function.</summary>
public sealed class GradientCheckException : Exception
{
    /// <summary>Creates the fault without a message.</summary>
    public GradientCheckException()
    {
    }

    /// <summary>Creates the fault with its message.</summary>
    public GradientCheckException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the fault with its message and cause.</summary>
    public GradientCheckException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
