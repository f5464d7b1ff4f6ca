using System.Text.Json;

namespace MoeSharp.Apps.Tests.Cli;

public class QuantizeCommandTests
{
    private const string Text = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.\n";

    [Fact]
    public async Task Size_error_and_reasons_are_told_by_part()
    {
        using var folder = new RunFolder();
        CommandRun run = await CommandRun.Of("quantize", "tiny", folder.PathOf("tiny.gguf"), "--type", "Q4_K_M");
        run.ExitCode.ShouldBe(0, run.Error);
        run.Output.ShouldContain("experts");
        run.Output.ShouldContain("F32: the router stays F32: blk.0.ffn_gate_inp.weight");
        run.Output.ShouldContain("Q5_0: rows of 128 are no whole blocks of Q4_K (256): blk.0.attn_q.weight");
    }

    [Fact]
    public async Task Rules_calibration_and_heat_reach_the_file()
    {
        using var folder = new RunFolder();
        await File.WriteAllTextAsync(folder.PathOf("text.txt"), string.Concat(Enumerable.Repeat(Text, 8)), TestContext.Current.CancellationToken);
        JsonElement json = (await CommandRun.Of(
            "quantize", "tiny", folder.PathOf("tiny.gguf"), "--type", "Q5_0", "--calibrate", folder.PathOf("text.txt"), "--hot", folder.PathOf("text.txt"),
            "--rule", "blk.0.*=Q8_0", "--json")).Json();
        JsonElement[] tensors = [.. json.GetProperty("tensors").EnumerateArray()];
        JsonElement first = tensors.Single(tensor => tensor.GetProperty("name").GetString() == "blk.0.attn_q.weight");
        first.GetProperty("to").GetString().ShouldBe("Q8_0");
        first.GetProperty("weighted").GetBoolean().ShouldBeTrue();
        first.GetProperty("error").GetDouble().ShouldBeInRange(1e-4, 0.02);
        tensors.ShouldContain(tensor => tensor.GetProperty("name").GetString() == "blk.1.ffn_down.0.weight");
        tensors.ShouldContain(tensor => tensor.GetProperty("name").GetString() == "blk.0.ffn_down_exps.weight");
        json.GetProperty("parts").EnumerateArray().Sum(part => part.GetProperty("bytes").GetInt64())
            .ShouldBe(json.GetProperty("all").GetProperty("bytes").GetInt64());

        CommandRun said = await CommandRun.Of("run", folder.PathOf("tiny.gguf"), "It was", "--max-tokens", "4", "--no-experts");
        said.ExitCode.ShouldBe(0, said.Error);
    }

    [Fact]
    public async Task A_trace_of_moe_run_says_which_experts_are_hot()
    {
        using var folder = new RunFolder();
        CommandRun run = await CommandRun.Of("run", "tiny", Text, "--max-tokens", "8", "--json");
        await File.WriteAllTextAsync(folder.PathOf("trace.json"), run.Output, TestContext.Current.CancellationToken);
        JsonElement json = (await CommandRun.Of("quantize", "tiny", folder.PathOf("tiny.gguf"), "--type", "Q4_0", "--trace", folder.PathOf("trace.json"), "--json")).Json();
        json.GetProperty("tensors").EnumerateArray().Where(tensor => tensor.GetProperty("part").GetString() == "experts")
            .Select(tensor => tensor.GetProperty("to").GetString()).Distinct().Order().ShouldBe(["Q4_0", "Q5_0"]);
        json.GetProperty("notes").EnumerateArray().ShouldContain(note => note.GetString()!.Contains("llama.cpp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_usage_is_told_in_one_line()
    {
        using var folder = new RunFolder();
        (await CommandRun.Of("quantize", "tiny", folder.PathOf("tiny"), "--type", "Q4_0")).ShouldFail(2, "does not end in .gguf");
        (await CommandRun.Of("quantize", "tiny", folder.PathOf("tiny.gguf"), "--type", "Q4_Z")).ShouldFail(1, "there is no type 'Q4_Z'");
        (await CommandRun.Of("quantize", "tiny", folder.PathOf("tiny.gguf"), "--type", "Q4_0", "--trace", "a", "--hot", "b")).ShouldFail(2, "--trace and --hot");
        (await CommandRun.Of("quantize", "tiny", folder.PathOf("tiny.gguf"), "--type", "Q4_0", "--rule", "blk=Q1")).ShouldFail(1, "is no type that can be written");
    }
}
