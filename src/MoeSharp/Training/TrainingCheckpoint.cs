using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tensors;
using MoeSharp.Training.Optimizers;

namespace MoeSharp.Training;

/// <summary>What is in a checkpoint: the model in its published layout, the optimiser's moments, expert biases, the trainer's state.</summary>
/// <remarks>
/// <para>Files: those of the model (float32); <c>optimizer.safetensors</c> with <c>&lt;parameter&gt;.&lt;slot&gt;</c>;
/// <c>buffers.safetensors</c> where the model has any; <c>training.json</c>.</para>
/// <para>Reading gives the bits that were written, so a resumed run goes on as if it had never stopped.</para>
/// </remarks>
internal static class TrainingCheckpoint
{
    private const string OptimizerFile = "optimizer.safetensors";
    private const string BuffersFile = "buffers.safetensors";
    private const string StateFile = "training.json";

    /// <summary>Writes everything into a folder.</summary>
    public static void Write(
        string folder, ITrainableModel model, Optimizer optimizer, TrainingState state, TrainingConfig config)
    {
        model.Save(folder);
        WriteTensors(Path.Combine(folder, OptimizerFile), SlotsOf(optimizer));
        if (model.Buffers.Count > 0)
        {
            WriteTensors(Path.Combine(folder, BuffersFile), model.Buffers);
        }

        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("state");
            state.Write(json);
            json.WriteEndObject();
            json.WriteStartObject("optimizerSteps");
            for (int i = 0; i < optimizer.Parameters.Count; i++)
            {
                json.WriteNumber(optimizer.Parameters[i].Name, optimizer.StepCount(i));
            }

            json.WriteEndObject();
            json.WriteStartObject("training");
            config.Write(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        AtomicFile.WriteAllBytes(Path.Combine(folder, StateFile), stream.ToArray());
    }

    /// <summary>Reads everything back in place.</summary>
    /// <exception cref="ModelFormatException">A tensor is missing, too many, or of another shape: the checkpoint is of another model.</exception>
    public static TrainingState Read(string folder, ITrainableModel model, Optimizer optimizer)
    {
        // The optimiser first: its file names the parameter whose shape differs, before anything of the model has changed.
        ReadTensors(Path.Combine(folder, OptimizerFile), SlotsOf(optimizer));
        model.Load(folder);
        if (model.Buffers.Count > 0)
        {
            ReadTensors(Path.Combine(folder, BuffersFile), model.Buffers);
        }

        string path = Path.Combine(folder, StateFile);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement steps = document.RootElement.GetProperty("optimizerSteps");
            for (int i = 0; i < optimizer.Parameters.Count; i++)
            {
                optimizer.SetStepCount(i, steps.GetProperty(optimizer.Parameters[i].Name).GetInt64());
            }

            return TrainingState.Read(document.RootElement.GetProperty("state"), path);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ModelFormatException(path, "training state", null, $"cannot be read: {fault.Message}", fault);
        }
    }

    private static List<NamedTensor> SlotsOf(Optimizer optimizer)
    {
        var tensors = new List<NamedTensor>();
        for (int i = 0; i < optimizer.Parameters.Count; i++)
        {
            for (int slot = 0; slot < optimizer.SlotNames.Count; slot++)
            {
                tensors.Add(new NamedTensor($"{optimizer.Parameters[i].Name}.{optimizer.SlotNames[slot]}", optimizer.Slot(slot, i)));
            }
        }

        return tensors;
    }

    private static void WriteTensors(string path, IReadOnlyList<NamedTensor> tensors)
    {
        using var writer = new SafetensorsWriter(
            path, tensors.Select(tensor => new SafetensorsEntry(tensor.Name, StoredType.F32, tensor.Value.Shape.ToArray())));
        foreach (NamedTensor tensor in tensors)
        {
            writer.Write(tensor.Name, tensor.Value);
        }

        writer.Commit();
    }

    private static void ReadTensors(string path, IReadOnlyList<NamedTensor> tensors)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (NamedTensor tensor in tensors)
        {
            StoredTensor stored = file.Find(tensor.Name);
            var shape = TensorShape.From([.. stored.Shape]);
            if (shape != tensor.Value.Shape)
            {
                throw new ModelFormatException(
                    path,
                    $"tensor '{tensor.Name}'",
                    stored.Offset,
                    $"has shape {shape}, the model of this run needs {tensor.Value.Shape}. "
                    + "The checkpoint is of another model: use its configuration, or another folder.");
            }
        }

        if (file.Tensors.Count != tensors.Count)
        {
            var known = tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
            StoredTensor extra = file.Tensors.First(tensor => !known.Contains(tensor.Name));
            throw new ModelFormatException(
                path,
                $"tensor '{extra.Name}'",
                extra.Offset,
                "is not in the model of this run. The checkpoint is of another model: use its configuration, or another folder.");
        }

        const int chunk = 1 << 24;
        foreach (NamedTensor tensor in tensors)
        {
            StoredTensor stored = file.Find(tensor.Name);
            for (long start = 0; start < tensor.Value.Length; start += chunk)
            {
                file.ReadFloat32(stored, start, tensor.Value.SpanAt(start, (int)Math.Min(chunk, tensor.Value.Length - start)));
            }
        }
    }
}
