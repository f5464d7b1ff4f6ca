using System.Text.RegularExpressions;

namespace MoeSharp.Apps.Tests;

/// <summary>C# in README and docs is code that runs: each block names the sample it is a part of, and equals it.</summary>
/// <remarks>
/// A block stands below <c>&lt;!-- samples/01-….cs#name --&gt;</c>; the part stands in the sample between <c>// [name]</c> and
/// <c>// [/name]</c>. <c>MOESHARP_WRITE_DOCS=1</c> rewrites the Markdown instead of comparing.
/// </remarks>
public partial class ReadmeTests
{
    public static TheoryData<string> Pages() =>
    [
        "README.md",
        .. Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md").Order()
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/')),
    ];

    public static TheoryData<string> Samples() =>
    [
        .. Directory.EnumerateFiles(Repository.PathOf("samples"), "*.cs").Order()
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/')),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_blocks_equal_their_samples(string page)
    {
        string path = Repository.PathOf(page);
        string text = File.ReadAllText(path);
        string current = CodeBlock().Replace(text, block =>
        {
            block.Groups["source"].Success.ShouldBeTrue(
                $"{page}: the block that begins '{FirstLine(block.Groups["code"].Value)}' names no sample.");
            string part = PartOf(block.Groups["source"].Value, block.Groups["part"].Value);
            return $"<!-- {block.Groups["source"].Value}#{block.Groups["part"].Value} -->\n```csharp\n{part}```";
        });

        if (Environment.GetEnvironmentVariable("MOESHARP_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, current);
        }

        text.ShouldBe(current, $"{page} does not show its samples any more. Run the tests with MOESHARP_WRITE_DOCS=1.");
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Samples_run(string sample)
    {
        (int exitCode, string output, string error) = await Repository.RunAsync("dotnet", "run", "-c", "Release", sample);
        exitCode.ShouldBe(0, $"{sample}:\n{output}\n{error}");
        output.ShouldNotBeEmpty();
    }

    private static string PartOf(string sample, string part)
    {
        string[] lines = File.ReadAllLines(Repository.PathOf(sample));
        int start = Array.FindIndex(lines, line => line.Trim() == $"// [{part}]");
        int end = Array.FindIndex(lines, line => line.Trim() == $"// [/{part}]");
        (start >= 0 && end > start).ShouldBeTrue($"{sample} has no part '{part}'.");
        string[] body = lines[(start + 1)..end];
        int indent = body.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Concat(body.Select(line => (line.Length > indent ? line[indent..] : line.Trim()) + "\n"));
    }

    private static string FirstLine(string text) => text.Split('\n')[0];

    [GeneratedRegex(@"(?:<!-- (?<source>\S+\.cs)#(?<part>\S+) -->\n)?```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
