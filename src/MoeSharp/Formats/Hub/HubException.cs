namespace MoeSharp.Formats.Hub;

/// <summary>A hub that cannot be reached, refuses, has not what was asked for, or answers with something that must not be used.</summary>
public sealed class HubException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Where it was, what was wrong and what to do.</param>
    /// <param name="innerException">What revealed it, if anything.</param>
    public HubException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>True when the same request may succeed a little later.</summary>
    public bool IsTransient { get; internal init; }

    /// <summary>How long the hub asks to wait; null when it does not say.</summary>
    internal TimeSpan? WaitTime { get; init; }
}
