namespace MoeSharp.Tests;

/// <summary>Bytes that a step takes on the managed heap.</summary>
internal static class LeastAllocation
{
    /// <summary>The least of several rounds of steps.</summary>
    /// <remarks>What a step allocates, it allocates in every round. What the runtime allocates once, when tables of its own grow while
    /// other tests run, falls into one of them.</remarks>
    public static long Of(Action step, int steps, int rounds = 4)
    {
        long least = long.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < steps; i++)
            {
                step();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
