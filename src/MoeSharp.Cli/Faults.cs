using MoeSharp.Formats;
using MoeSharp.Tensors;
using MoeSharp.Text.Templates;

namespace MoeSharp.Cli;

/// <summary>Turns an exception into one line for a person, and an exit code.</summary>
internal static class Faults
{
    public static int Tell(Exception fault, TextWriter error, string command, bool verbose)
    {
        if (fault is OperationCanceledException)
        {
            error.WriteLine($"{command}: interrupted.");
            return ExitCode.Interrupted;
        }

        if (verbose)
        {
            error.WriteLine(fault);
        }

        error.WriteLine(IsExpected(fault)
            ? $"{command}: {OneFault(fault.Message)}"
            : $"{command}: {fault.GetType().Name}: {OneFault(fault.Message)} Run again with --verbose and report it.");
        return fault is UsageException ? ExitCode.WrongUsage : ExitCode.Failed;
    }

    private static bool IsExpected(Exception fault) =>
        fault is UsageException or ConfigException or ModelFormatException or TensorShapeException or TemplateException or ArgumentException
            or IOException or InvalidDataException or UnauthorizedAccessException or InvalidOperationException or ArithmeticException;

    // ArgumentException appends its parameter's name, which says nothing to a person at a terminal.
    private static string OneFault(string message)
    {
        int suffix = message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        return suffix < 0 ? message : message[..suffix];
    }
}
