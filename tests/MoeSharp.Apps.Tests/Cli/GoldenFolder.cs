namespace MoeSharp.Apps.Tests.Cli;

/// <summary>Folders of tiny published models, linked from the tests of the library.</summary>
internal static class GoldenFolder
{
    public static string Mixtral { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "mixtral");

    public static string Mistral { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "mistral");
}
