namespace MoeSharp.Cli;

/// <summary>Tells progress at once, on the thread that makes it: no queue, and nothing that comes after the end.</summary>
internal sealed class DirectProgress<T>(Action<T> tell) : IProgress<T>
{
    public void Report(T value) => tell(value);
}
