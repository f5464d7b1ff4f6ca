namespace MoeSharp.Against;

/// <summary>Starts <see cref="AgainstCommand"/>.</summary>
internal static class Program
{
    private static Task<int> Main(string[] arguments) => AgainstCommand.InvokeAsync(arguments, Console.Out, Console.Error);
}
