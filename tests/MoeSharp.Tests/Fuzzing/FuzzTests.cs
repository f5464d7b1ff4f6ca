using System.Diagnostics;
using System.Globalization;
using MoeSharp.Formats;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Fuzzing;

/// <summary>Seeded mutations of real headers of every format: whatever comes, a file is either refused with a declared exception or sound,
/// within 100 ms and 64 MB. <c>MOESHARP_FUZZ=n</c> runs n mutations in all, with other seeds beyond the usual ones.</summary>
public class FuzzTests
{
    private const int UsualCount = 100_000;
    private const int Attempts = 5;
    private const long MemoryLimit = 64 << 20;
    private const ulong Seed = 20261125;
    private static readonly TimeSpan s_timeLimit = TimeSpan.FromMilliseconds(100);

    private static readonly int s_count =
        int.TryParse(Environment.GetEnvironmentVariable("MOESHARP_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : UsualCount;

    public static TheoryData<string> Names => [.. FuzzTargets.All.Select(target => target.Name)];

    [Fact]
    public void The_shares_are_a_whole() => FuzzTargets.All.Sum(target => target.Share).ShouldBe(100);

    [Theory]
    [MemberData(nameof(Names))]
    public void No_mutation_crashes_hangs_or_fills_memory(string name)
    {
        FuzzTarget target = FuzzTargets.All.Single(target => target.Name == name);
        foreach (byte[] seed in target.Seeds)
        {
            Outcome(target, seed, "a seed"); // warm: types are loaded outside the limits
        }

        (int accepted, int refused) = (0, 0);
        int count = (int)((long)s_count * target.Share / 100);
        for (int i = 0; i < count; i++)
        {
            var rng = new Rng(Seed, ((ulong)name.Length << 40) + (ulong)i);
            byte[] bytes = Mutator.Mutate(rng, target.Seeds[rng.NextInt(target.Seeds.Count)], target.IsText);
            if (Measured(target, bytes, $"mutation {i}"))
            {
                accepted++;
            }
            else
            {
                refused++;
            }
        }

        // Both happen often, else the mutations are too mild or too wild to test anything.
        accepted.ShouldBeGreaterThan(count / 100, "accepted");
        refused.ShouldBeGreaterThan(count / 4, "refused");
    }

    private static bool Measured(FuzzTarget target, byte[] bytes, string what)
    {
        // Another process may take the processor away for longer than the limit, so that a slow one gets more chances.
        for (int attempt = 1; ; attempt++)
        {
            long processor = attempt > 1 ? ProcessorTime() : 0;
            long memory = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            bool accepted = Outcome(target, bytes, what);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            (GC.GetAllocatedBytesForCurrentThread() - memory).ShouldBeLessThan(MemoryLimit, $"{target} {what}: bytes allocated");
            if (time <= s_timeLimit || (processor > 0 && ProcessorTime() - processor <= s_timeLimit.TotalNanoseconds))
            {
                return accepted;
            }

            (attempt < Attempts).ShouldBeTrue(
                $"{target} {what}: took {time.TotalMilliseconds:F0} ms, {Attempts} times over the limit\n{Convert.ToBase64String(bytes)}");
        }
    }

    /// <summary>Nanoseconds that this thread was given, where the system tells: time spent waiting for a processor is nobody's fault.</summary>
    private static long ProcessorTime()
    {
        const string path = "/proc/thread-self/schedstat";
        return OperatingSystem.IsLinux() && File.Exists(path) && long.TryParse(File.ReadAllText(path).Split(' ')[0], out long time) ? time : 0;
    }

    private static bool Outcome(FuzzTarget target, byte[] bytes, string what)
    {
        try
        {
            target.Read(bytes);
            return true;
        }
        catch (Exception fault) when (fault is ModelFormatException or ConfigException)
        {
            return false;
        }
        catch (Exception fault)
        {
            throw new Xunit.Sdk.XunitException($"{target} {what}: {fault.GetType().Name}: {fault.Message}\n{Convert.ToBase64String(bytes.AsSpan(0, Math.Min(bytes.Length, 4000)))}\n{fault.StackTrace}");
        }
    }
}
