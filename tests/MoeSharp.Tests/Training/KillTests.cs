using System.Diagnostics;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Training;

/// <summary>A real process, killed without warning at random instants, some of them in the middle of writing a checkpoint.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 20;
    private const int KillsInsideWrites = 5;
    private const int Steps = 100;

    private readonly string _folder = Directory.CreateTempSubdirectory("moe-kill-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_killed_at_twenty_instants_ends_with_the_bytes_of_one_that_never_stopped()
    {
        string straight = Path.Combine(_folder, "straight"), killed = Path.Combine(_folder, "killed");
        Directory.CreateDirectory(straight);
        Directory.CreateDirectory(killed);
        Finish(straight);

        // Even kills wait for a random step, odd ones for the beginning of a checkpoint, then a random moment more.
        var rng = new Rng(20);
        int kills = 0, inside = 0;
        for (int attempt = 0; attempt < 200 && (kills < Kills || inside < KillsInsideWrites); attempt++)
        {
            string wanted = attempt % 2 == 0 ? "step" : "saving";
            if (!Kill(killed, wanted, skip: rng.NextInt(2), delay: TimeSpan.FromMilliseconds(rng.NextDouble() * 4)))
            {
                // Finished before it was killed often enough: begin again, so that all kills are of one run.
                Directory.Delete(killed, recursive: true);
                Directory.CreateDirectory(killed);
                kills = inside = 0;
                continue;
            }

            kills++;
            inside += IsUnfinished(Path.Combine(killed, "checkpoints")) ? 1 : 0;
        }

        kills.ShouldBeGreaterThanOrEqualTo(Kills);
        inside.ShouldBeGreaterThanOrEqualTo(KillsInsideWrites);
        Finish(killed);
        string expected = CheckpointStore.FindLastIn(Path.Combine(straight, "checkpoints"))!;
        string actual = CheckpointStore.FindLastIn(Path.Combine(killed, "checkpoints"))!;
        string[] files = [.. Directory.EnumerateFiles(expected, "*.safetensors").Select(path => Path.GetFileName(path))];
        files.Length.ShouldBe(3); // model, optimiser, expert biases
        foreach (string file in files)
        {
            File.ReadAllBytes(Path.Combine(actual, file)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(expected, file))).ShouldBeTrue(file);
        }

        // One line a step, whatever happened in between.
        File.ReadLines(Path.Combine(killed, "metrics.jsonl")).Count(line => line.Contains("crossEntropy", StringComparison.Ordinal))
            .ShouldBe(Steps);
    }

    /// <summary>True when a checkpoint newer than every finished one is half written; an old one that is being removed does not count.</summary>
    private static bool IsUnfinished(string checkpoints)
    {
        string[] folders = [.. Directory.EnumerateDirectories(checkpoints, "step-*").Order(StringComparer.Ordinal)];
        return folders.Length > 0 && folders[^1].EndsWith(".moe-tmp", StringComparison.Ordinal);
    }

    private static Process Start(string folder)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])
            [Path.Combine(AppContext.BaseDirectory, "MoeSharp.TrainingHost.dll"), folder, Steps.ToString()])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static void Finish(string folder)
    {
        using Process process = Start(folder);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, errors.Result);
    }

    /// <summary>Kills the run some time after the wanted line was said <paramref name="skip"/> times more.</summary>
    /// <returns>False when the run ended by itself.</returns>
    private static bool Kill(string folder, string wanted, int skip, TimeSpan delay)
    {
        using Process process = Start(folder);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith(wanted, StringComparison.Ordinal) && --skip < 0)
            {
                long start = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(start) < delay)
                {
                    Thread.SpinWait(10);
                }

                if (process.HasExited)
                {
                    return false;
                }

                process.Kill(); // SIGKILL: the process gets no say
                process.WaitForExit();
                return true;
            }
        }

        process.WaitForExit();
        process.ExitCode.ShouldBe(0, process.StandardError.ReadToEnd());
        return false;
    }
}
