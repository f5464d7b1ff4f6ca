using System.Diagnostics;

namespace MoeSharp.Tensors.Measurement;

/// <summary>The shortest time of several runs: what the machine can do when nobody disturbs it.</summary>
public static class BestTime
{
    /// <summary>Seconds of the fastest run, after one that is not counted.</summary>
    /// <param name="action">What to time.</param>
    /// <param name="runs">Counted runs, at least.</param>
    /// <param name="seconds">Go on until this much time was spent.</param>
    public static double Of(Action action, int runs = 5, double seconds = 0)
    {
        action();
        double best = double.MaxValue, spent = 0;
        for (int run = 0; run < runs || spent < seconds; run++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            double elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = Math.Min(best, elapsed);
            spent += elapsed;
        }

        return best;
    }
}
