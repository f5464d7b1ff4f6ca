namespace MoeSharp.Cli;

/// <summary>The command line is well formed but makes no sense; ends with exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
