using MoeSharp.Inference;
using MoeSharp.Models.Conversion;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Measurement;

namespace MoeSharp.Analysis.Speed;

/// <summary>Measures the way from a file to its first token.</summary>
public static class LoadSpeed
{
    /// <summary><c>load</c>: seconds from opening the file to the logits of one token, and the memory that came with it.</summary>
    /// <remarks>The file stands in the system's cache from the run that is not counted. Memory is what the system says this process has of it,
    /// mapped pages included; the share is that of the file's bytes over the seconds.</remarks>
    /// <param name="path">A GGUF file or a folder.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="options">How to measure; null for the defaults.</param>
    /// <param name="cancellation">Ends it between runs.</param>
    public static SpeedMeasure Measure(string path, Workers workers, SpeedOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new SpeedOptions();
        long bytes = 0, cacheBytes = 0;
        _ = Run(path, workers, options, out bytes, out cacheBytes, out _);
        double[] seconds = new double[Math.Min(3, options.Repeats)], resident = new double[seconds.Length];
        for (int i = 0; i < seconds.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            seconds[i] = Run(path, workers, options, out bytes, out cacheBytes, out long memory);
            resident[i] = memory;
        }

        double median = SpeedMeasure.MedianOf(seconds), taken = SpeedMeasure.MedianOf(resident);
        return new SpeedMeasure
        {
            Name = "load",
            Unit = "s",
            Values = seconds,
            Peak = workers.Count == 1 ? "bandwidthGBs.t1" : "bandwidthGBs.t2",
            Rate = bytes / median / 1e9,
            Facts = new Dictionary<string, double>
            {
                ["bytes"] = bytes,
                ["residentBytes"] = taken,
                ["residentShare"] = taken / (bytes + cacheBytes),
            },
        };
    }

    private static double Run(string path, Workers workers, SpeedOptions options, out long bytes, out long cacheBytes, out long resident)
    {
        ReleaseMemory();
        long before = Environment.WorkingSet, cache = 0, after = 0;
        double seconds = BestTime.Once(
            () =>
            {
                using Model model = Model.Load(path, workers);
                const int capacity = 64;
                using var session = new Session(model.Decoder, workers, options.CacheType, capacity);
                session.Read([1]);
                after = Environment.WorkingSet;
                cache = model.Decoder.CreateCache(capacity, options.CacheType).Bytes;
            },
            options.ProcessorTime);
        using (StoredModel stored = StoredModel.Open(path))
        {
            bytes = stored.Source.Tensors.Sum(tensor => tensor.ByteLength);
        }

        cacheBytes = cache;
        resident = Math.Max(0, after - before);
        return seconds;
    }

    /// <summary>Gives back the memory of models that are out of use.</summary>
    internal static void ReleaseMemory()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
    }
}
