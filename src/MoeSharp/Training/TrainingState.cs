using System.Text.Json;
using MoeSharp.Formats;

namespace MoeSharp.Training;

/// <summary>Where a run stands, beside model and optimiser: everything that decides how it goes on.</summary>
/// <remarks>
/// Random numbers are counted, not drawn: those of a step follow from <see cref="Seed"/> and <see cref="MicroBatch"/>, so these two
/// are the whole state of the generators.
/// </remarks>
public sealed class TrainingState
{
    /// <summary>Optimiser steps done.</summary>
    public long Step { get; set; }

    /// <summary>Micro-batches done: number of the next batch to ask for, and counter of the random streams.</summary>
    public long MicroBatch { get; set; }

    /// <summary>Tokens seen.</summary>
    public long TokensSeen { get; set; }

    /// <summary>Seed of the run.</summary>
    public ulong Seed { get; set; }

    /// <summary>The best held-out loss; infinite before the first measurement.</summary>
    public double BestLoss { get; set; } = double.PositiveInfinity;

    /// <summary>The step of the best held-out loss.</summary>
    public long BestStep { get; set; }

    /// <summary>Training time so far, all runs together.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>Writes the fields into an open object.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("step", Step);
        json.WriteNumber("microBatch", MicroBatch);
        json.WriteNumber("tokensSeen", TokensSeen);
        json.WriteNumber("seed", Seed);
        if (double.IsFinite(BestLoss))
        {
            json.WriteNumber("bestLoss", BestLoss);
            json.WriteNumber("bestStep", BestStep);
        }

        json.WriteNumber("elapsedSeconds", Elapsed.TotalSeconds);
    }

    /// <summary>Reads the fields.</summary>
    /// <exception cref="ModelFormatException">A field is missing or of another type.</exception>
    internal static TrainingState Read(JsonElement json, string file)
    {
        try
        {
            return new TrainingState
            {
                Step = json.GetProperty("step").GetInt64(),
                MicroBatch = json.GetProperty("microBatch").GetInt64(),
                TokensSeen = json.GetProperty("tokensSeen").GetInt64(),
                Seed = json.GetProperty("seed").GetUInt64(),
                BestLoss = json.TryGetProperty("bestLoss", out JsonElement best) ? best.GetDouble() : double.PositiveInfinity,
                BestStep = json.TryGetProperty("bestStep", out JsonElement step) ? step.GetInt64() : 0,
                Elapsed = TimeSpan.FromSeconds(json.GetProperty("elapsedSeconds").GetDouble()),
            };
        }
        catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelFormatException(file, "training state", null, $"cannot be read: {fault.Message}", fault);
        }
    }
}
