namespace MoeSharp.Formats.Hub;

/// <summary>Which hub, as whom, and how patiently.</summary>
public sealed class HubOptions
{
    /// <summary>Where the hub is.</summary>
    /// <value><c>https://huggingface.co</c> by default.</value>
    public Uri BaseAddress { get; init; } = new("https://huggingface.co");

    /// <summary>The access token; sent to the hub itself and to nobody that it redirects to. Null for none.</summary>
    public string? Token { get; init; }

    /// <summary>How often in a row something may fail that could succeed next time; any byte received starts the count again.</summary>
    /// <value>8 by default.</value>
    public int AttemptCount { get; init; } = 8;

    /// <summary>The pause after the first failure; each further one is twice as long, half a minute at most.</summary>
    /// <value>Half a second by default.</value>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a connection may say nothing before it counts as lost.</summary>
    /// <value>A minute by default.</value>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The clock of the pauses.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
