namespace MoeSharp.Tests.Formats.Gguf;

/// <summary>The GGUF files that llama.cpp's tools wrote.</summary>
internal static class GgufGolden
{
    public static string Root { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "gguf");

    public static string Path(string name) => System.IO.Path.Combine(Root, name);
}
