using System.Globalization;

namespace MoeSharp.Against;

/// <summary>Turns of two engines on one file: ours, theirs, ours, theirs …</summary>
/// <param name="ours">One engine.</param>
/// <param name="theirs">The other.</param>
/// <param name="task">What both do in a turn.</param>
internal sealed class Match(Engine ours, Engine theirs, EngineTask task)
{
    private readonly List<(EngineSpeed Ours, EngineSpeed Theirs)> _rounds = [];

    /// <summary>Plays some rounds; the file is read once before, so that no side finds it cold.</summary>
    /// <param name="rounds">Turns of each.</param>
    /// <param name="progress">Hears every round.</param>
    /// <param name="cancellation">Ends it and the engine that runs.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidOperationException">An engine fails.</exception>
    public async Task RunAsync(int rounds, TextWriter progress, CancellationToken cancellation)
    {
        await ReadThroughAsync(task.File, cancellation).ConfigureAwait(false);
        for (int round = 1; round <= rounds; round++)
        {
            EngineSpeed a = await ours.RunAsync(task, cancellation).ConfigureAwait(false);
            EngineSpeed b = await theirs.RunAsync(task, cancellation).ConfigureAwait(false);
            _rounds.Add((a, b));
            await progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"round {round} of {rounds}: prompt {a.Prefill:F1} / {b.Prefill:F1} = {a.Prefill / b.Prefill:F2}, decode {a.Decode:F2} / {b.Decode:F2} = {a.Decode / b.Decode:F2}")).ConfigureAwait(false);
        }
    }

    /// <summary>What came of it.</summary>
    public MatchReport Report() => new(task, theirs.Program, _rounds);

    private static async Task ReadThroughAsync(string path, CancellationToken cancellation)
    {
        byte[] buffer = new byte[1 << 22];
        using FileStream file = File.OpenRead(path);
        while (await file.ReadAsync(buffer, cancellation).ConfigureAwait(false) > 0)
        {
            // only its pages are wanted
        }
    }
}
