using System.Text.Json;
using MoeSharp.Formats.Safetensors;

namespace MoeSharp.Apps.Tests.Cli;

/// <summary>What <c>moe logits</c> writes, held against transformers (folders of Golden/Data/families).</summary>
public class LogitsCommandTests
{
    private const double Limit = 1e-4; // of the largest reference value

    [Theory]
    [InlineData("p0")]
    [InlineData("p1")]
    [InlineData("p2")]
    public async Task The_file_holds_what_transformers_answers(string prompt)
    {
        using var folder = new RunFolder();
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(GoldenFolder.Mixtral, "expected.safetensors"));
        int[] ids = expected.ReadInt32(prompt + ".input_ids");
        string path = folder.PathOf("out.safetensors");
        JsonElement json = (await CommandRun.Of("logits", GoldenFolder.Mixtral, "--ids", string.Join(',', ids), "--out", path, "--json")).Json();
        json.GetProperty("file").GetString().ShouldBe(path);
        json.GetProperty("tokens").GetInt32().ShouldBe(ids.Length);
        json.GetProperty("vocabulary").GetInt32().ShouldBe(320);
        json.GetProperty("hiddenStates").GetInt32().ShouldBe(4);
        json.GetProperty("expertLayers").GetInt32().ShouldBe(3);

        using SafetensorsFile written = SafetensorsFile.Open(path);
        written.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal).ShouldBe(
            expected.Tensors.Select(tensor => tensor.Name).Where(name => name.StartsWith(prompt + ".", StringComparison.Ordinal))
                .Select(name => name[3..]).Where(name => name != "input_ids").Order(StringComparer.Ordinal));
        foreach (string name in written.Tensors.Select(tensor => tensor.Name))
        {
            written.Find(name).Shape.ShouldBe(expected.Find($"{prompt}.{name}").Shape, name);
            if (name.EndsWith(".ids", StringComparison.Ordinal))
            {
                written.ReadInt32(name).ShouldBe(expected.ReadInt32($"{prompt}.{name}"), name);
            }
            else
            {
                Compare(name, written.ReadFloat32(name), expected.ReadFloat32($"{prompt}.{name}"));
            }
        }
    }

    [Fact]
    public async Task Threads_do_not_change_a_bit()
    {
        using var folder = new RunFolder();
        foreach (string threads in (string[])["1", "3"])
        {
            CommandRun run = await CommandRun.Of(
                "logits", GoldenFolder.Mixtral, "--ids", "5,7,9,11,13", "--out", folder.PathOf(threads), "--threads", threads);
            run.ExitCode.ShouldBe(0, run.Error);
            run.Output.ShouldContain("logits [5, 320]");
        }

        byte[] one = await File.ReadAllBytesAsync(folder.PathOf("1"), TestContext.Current.CancellationToken);
        byte[] three = await File.ReadAllBytesAsync(folder.PathOf("3"), TestContext.Current.CancellationToken);
        one.ShouldBe(three);
    }

    private static void Compare(string name, float[] values, float[] expected)
    {
        double size = expected.Max(MathF.Abs), worst = values.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
        (worst / size).ShouldBeLessThanOrEqualTo(Limit, name);
    }
}
