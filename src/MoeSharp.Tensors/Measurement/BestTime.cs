using System.Diagnostics;

namespace MoeSharp.Tensors.Measurement;

/// <summary>The shortest time of several runs: what the machine can do when nobody disturbs it.</summary>
public static class BestTime
{
    /// <summary>Seconds of the fastest run, after one that is not counted.</summary>
    /// <param name="action">What to time.</param>
    /// <param name="runs">Counted runs, at least.</param>
    /// <param name="seconds">Go on until this much time was spent.</param>
    /// <param name="processorTime">True to count the time that this process had a processor, for one thread on a machine that others use.</param>
    public static double Of(Action action, int runs = 5, double seconds = 0, bool processorTime = false)
    {
        action();
        double best = double.MaxValue, spent = 0;
        for (int run = 0; run < runs || spent < seconds; run++)
        {
            double elapsed = Once(action, processorTime);
            best = Math.Min(best, elapsed);
            spent += elapsed;
        }

        return best;
    }

    /// <summary>Seconds of one run.</summary>
    /// <param name="action">What to time.</param>
    /// <param name="processorTime">As in <see cref="Of"/>.</param>
    public static double Once(Action action, bool processorTime = false)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan before = processorTime ? Environment.CpuUsage.TotalTime : default;
        action();
        return (processorTime ? Environment.CpuUsage.TotalTime - before : Stopwatch.GetElapsedTime(start)).TotalSeconds;
    }
}
