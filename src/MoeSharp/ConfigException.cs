namespace MoeSharp;

/// <summary>A configuration that is not valid: carries every fault that was found, not only the first.</summary>
/// <remarks>
/// <para>Message: <c>Invalid &lt;subject&gt;:</c>, then one fault a line, indented by two spaces.</para>
/// </remarks>
public sealed class ConfigException : Exception
{
    /// <summary>Creates the exception from all faults at once.</summary>
    /// <param name="subject">What was being configured: a type (<c>MoeConfig</c>) or a file (<c>config.json</c>).</param>
    /// <param name="faults">The faults, each a full sentence with the values and what is allowed; at least one.</param>
    /// <exception cref="ArgumentException"><paramref name="faults"/> is empty.</exception>
    public ConfigException(string subject, params IReadOnlyList<string> faults)
        : base(Compose(subject, faults))
    {
        Subject = subject;
        Faults = [.. faults];
    }

    /// <summary>What was being configured.</summary>
    public string Subject { get; }

    /// <summary>All faults, in the order they were found.</summary>
    public IReadOnlyList<string> Faults { get; }

    /// <summary>Throws when there is at least one fault, otherwise does nothing: the last line of every validation.</summary>
    /// <param name="subject">What was being configured.</param>
    /// <param name="faults">The faults collected so far.</param>
    /// <exception cref="ConfigException"><paramref name="faults"/> is not empty.</exception>
    public static void ThrowIfAny(string subject, IReadOnlyList<string> faults)
    {
        if (faults.Count > 0)
        {
            throw new ConfigException(subject, faults);
        }
    }

    private static string Compose(string subject, IReadOnlyList<string> faults)
    {
        if (faults.Count == 0)
        {
            throw new ArgumentException("ConfigException: needs at least one fault, got none.", nameof(faults));
        }

        return $"Invalid {subject}:\n  {string.Join("\n  ", faults)}";
    }
}
