using System.Diagnostics;
using MoeSharp.Inference;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Against;

/// <summary>This engine's turn: a prompt of random tokens, then tokens one by one after an empty text, as llama-bench does it.</summary>
internal static class OwnEngine
{
    private const double WarmSeconds = 1;

    /// <summary>Loads the file and measures.</summary>
    /// <returns>JSON in the form of llama-bench.</returns>
    public static string Run(EngineTask task)
    {
        using var workers = new Workers(task.Threads);
        using var model = Model.Load(task.File, workers);
        Decoder decoder = model.Decoder;
        int[] ids = RandomIds(Math.Max(task.Prompt, task.Generate), decoder.Config.VocabularySize);
        using var session = new Session(decoder, workers, capacity: ids.Length);
        double[] prefill = Measure(task.Repeat, () =>
        {
            session.Truncate(0);
            session.Read(ids.AsSpan(0, task.Prompt));
        });
        double[] decode = Measure(task.Repeat, () =>
        {
            session.Truncate(0);
            for (int token = 0; token < task.Generate; token++)
            {
                session.Read(ids.AsSpan(token, 1));
            }
        });
        using var stored = StoredModel.Open(task.File);
        string type = $"{stored.LayoutName} {stored.Gguf?.Tensors.GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.ByteLength))?.Key}";
        return LlamaBenchJson.Write(
            task, type, stored.Source.Tensors.Sum(tensor => tensor.ByteLength), decoder.Config.CountParameters().Total, prefill, decode);
    }

    // Not counted: runs until the code is compiled and the pages are there.
    private static double[] Measure(int repeat, Action run)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            run();
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < WarmSeconds);

        double[] seconds = new double[repeat];
        for (int i = 0; i < repeat; i++)
        {
            start = Stopwatch.GetTimestamp();
            run();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return seconds;
    }

    private static int[] RandomIds(int count, int vocabularySize)
    {
        var rng = new Rng(5);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = rng.NextInt(vocabularySize);
        }

        return ids;
    }
}
