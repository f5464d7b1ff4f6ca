using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Models.Decoding;

/// <summary>Weights on their way between a published checkpoint and a decoder.</summary>
/// <remarks>Every tensor must be there, have its shape, and be used: what is missing, wrong or left over is reported at once.</remarks>
public static class DecoderWeights
{
    private const int ListedNames = 8;
    private const int CompareLength = 1 << 16;

    /// <summary>Fills a decoder.</summary>
    /// <param name="decoder">The model to fill.</param>
    /// <param name="family">The family of the checkpoint.</param>
    /// <param name="source">The checkpoint.</param>
    /// <param name="options">Whether weights stay as they are stored; null for float32.</param>
    /// <exception cref="ModelFormatException">Tensors are missing, left over, of another shape, or of a type that cannot be read.</exception>
    public static void Load(Decoder decoder, Family family, TensorSource source, WeightOptions? options = null) =>
        Load(decoder, family.Map(decoder.Config, name => source.TryFind(name, out _)), source, options ?? WeightOptions.Float32);

    /// <summary>Fills a decoder by a list of tensors.</summary>
    internal static void Load(Decoder decoder, WeightMap map, TensorSource source, WeightOptions options)
    {
        Require(map, source);
        var reader = new WeightReader(map, source);
        foreach (Parameter parameter in decoder.Parameters)
        {
            if (!options.AsFloat32 && parameter.CanPack && reader.ReadStored(parameter.Name, parameter.Shape, options.Maps) is { } weight)
            {
                weight.IsExact = options.IsExact;
                parameter.Pack(weight);
            }
            else
            {
                reader.Read(parameter.Name, parameter.Value);
            }
        }

        foreach ((string name, Tensor bias) in decoder.ExpertBiases())
        {
            reader.Read(name, bias);
        }

        decoder.Use(reader.MappedFiles);
    }

    /// <summary>Writes a decoder's weights into a folder in the layout of a family: one safetensors file, or several with an index.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="family">A family that can say its configuration.</param>
    /// <param name="folder">The folder, which exists; the files appear when all are complete.</param>
    /// <param name="type">How numbers are stored: F32 exactly, BF16 and F16 rounded to nearest even.</param>
    /// <param name="shardBytes">Bytes of tensors in one file, at most.</param>
    /// <param name="beforeNaming">Done when everything is written, before the files get their names; null for nothing.</param>
    public static void Save(
        Decoder decoder, Family family, string folder, DType type, long shardBytes = ShardedSafetensorsWriter.DefaultShardBytes,
        Action? beforeNaming = null)
    {
        StoredType stored = type switch
        {
            DType.BF16 => StoredType.BF16,
            DType.F16 => StoredType.F16,
            DType.F32 => StoredType.F32,
            _ => throw new ArgumentException($"save: weights cannot be stored as {type}. Use F32, BF16 or F16, or moe quantize for block formats.", nameof(type)),
        };
        WeightMap map = family.Map(decoder.Config);
        using Touch files = decoder.TouchFiles();
        using var writer = new ShardedSafetensorsWriter(
            folder, map.Bindings.Select(binding => new SafetensorsEntry(binding.Tensor, stored, binding.Shape.ToArray())), shardBytes);
        Dictionary<string, Tensor> biases = decoder.ExpertBiases().ToDictionary(bias => bias.Name, bias => bias.Value, StringComparer.Ordinal);
        foreach (WeightBinding binding in map.Bindings)
        {
            if (binding.Segments.Any(segment => !segment.IsContiguous))
            {
                Tensor published = Tensor.Uninitialized(binding.Shape);
                foreach (WeightSegment segment in binding.Segments)
                {
                    WeightTransfer.Write(segment, Values(segment), published);
                }

                writer.Write(binding.Tensor, published);
                continue;
            }

            foreach (WeightSegment segment in binding.Segments.OrderBy(segment => segment.TensorStart))
            {
                Tensor values = Values(segment);
                for (long done = 0; done < segment.Length;)
                {
                    int length = (int)Math.Min(segment.Length - done, 1 << 28);
                    writer.Write(binding.Tensor, values.SpanAt(done, length));
                    done += length;
                }
            }
        }

        beforeNaming?.Invoke();
        writer.Commit();

        // The run of a segment alone, in float32, however the parameter is stored.
        Tensor Values(in WeightSegment segment)
        {
            Tensor run = Tensor.Uninitialized(new TensorShape(segment.Length));
            if (decoder.FindParameter(segment.Parameter) is { } parameter)
            {
                parameter.CopyRange(segment.ParameterStart, run);
            }
            else
            {
                biases[segment.Parameter].SpanAt(segment.ParameterStart, (int)segment.Length).CopyTo(run.Span);
            }

            return run;
        }
    }

    /// <summary>Checks that the tensors are those of a list.</summary>
    /// <exception cref="ModelFormatException">Tensors are missing, left over or of another shape.</exception>
    internal static void Require(WeightMap map, TensorSource source)
    {
        var missing = new List<string>();
        var wrong = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (WeightBinding binding in map.Bindings)
        {
            known.Add(binding.Tensor);
            if (!source.TryFind(binding.Tensor, out StoredTensor? stored))
            {
                missing.Add(binding.Tensor);
            }
            else if (!stored.Shape.SequenceEqual(binding.Shape.ToArray()))
            {
                wrong.Add($"{binding.Tensor} is [{string.Join(", ", stored.Shape)}] instead of {binding.Shape}");
            }
        }

        List<string> left = [.. source.Tensors.Select(tensor => tensor.Name)
            .Where(name => !known.Contains(name) && !map.IgnoredPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
                && !IsCopy(map, source, name))];
        if (missing.Count + wrong.Count + left.Count == 0)
        {
            return;
        }

        string[] faults = [.. new[]
        {
            Describe(missing, "missing"), Describe(wrong, "of another shape"), Describe(left, "left over"),
        }.Where(text => text.Length > 0)];
        throw new ModelFormatException(
            source.Path, null, null, $"{string.Join("; ", faults)}. The tensors must be those that config.json describes.");
    }

    private static string Describe(List<string> names, string fault)
    {
        if (names.Count == 0)
        {
            return "";
        }

        string more = names.Count > ListedNames ? $" and {names.Count - ListedNames} more" : "";
        string what = names.Count == 1 ? "1 tensor is" : $"{names.Count} tensors are";
        return $"{what} {fault}: {string.Join(", ", names.Take(ListedNames))}{more}";
    }

    // A tied head may be stored once more, but only as what it is.
    private static bool IsCopy(WeightMap map, TensorSource source, string name)
    {
        if (!map.Copies.TryGetValue(name, out string? original) || !source.TryFind(original, out StoredTensor? first))
        {
            return false;
        }

        StoredTensor second = source.Find(name);
        if (!first.Shape.SequenceEqual(second.Shape))
        {
            return false;
        }

        float[] a = new float[CompareLength], b = new float[CompareLength];
        for (long done = 0; done < first.ElementCount; done += CompareLength)
        {
            int length = (int)Math.Min(CompareLength, first.ElementCount - done);
            source.ReadFloat32(first, done, a.AsSpan(0, length));
            source.ReadFloat32(second, done, b.AsSpan(0, length));
            if (!a.AsSpan(0, length).SequenceEqual(b.AsSpan(0, length)))
            {
                return false;
            }
        }

        return true;
    }
}
