using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Analysis.Verification;

/// <summary>Checks the files of a model without loading it: headers, lengths, configuration, tokenizer, and on demand every weight.</summary>
/// <remarks>
/// <para>Takes a file of any format that is read here, or a folder, whose files are all checked. A fault of one file does not keep the
/// others from being checked.</para>
/// <para>A model of a family that is not run here may be sound: that is a remark. Whether the tensors are those of the
/// configuration is checked where the family is known.</para>
/// </remarks>
public static class ModelVerifier
{
    private const string IndexSuffix = ".index.json";

    private static readonly string[] s_otherJson =
        ["generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "preprocessor_config.json"];

    /// <summary>Checks a file or a folder.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="deep">True to look at every weight: NaN, infinite values, experts that are zero throughout.</param>
    /// <param name="progress">Told how far the look at the weights is; null for nobody.</param>
    /// <param name="cancellation">Ends between pieces of a tensor.</param>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static VerifyReport Verify(string path, bool deep = false, IProgress<VerifyProgress>? progress = null, CancellationToken cancellation = default)
    {
        var report = new VerifyReport();
        if (Directory.Exists(path))
        {
            VerifyFolder(path, report, deep, progress, cancellation);
        }
        else if (File.Exists(path))
        {
            VerifyFile(path, report, deep, progress, cancellation);
        }
        else
        {
            throw new FileNotFoundException($"{path}: there is no such file or folder.");
        }

        return report;
    }

    private static void VerifyFolder(string folder, VerifyReport report, bool deep, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        string[] paths = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
        string[] indexes = [.. paths.Where(path => path.EndsWith(".safetensors" + IndexSuffix, StringComparison.OrdinalIgnoreCase))];
        var shards = new HashSet<string>(StringComparer.Ordinal);
        foreach (string index in indexes)
        {
            VerifyFile(index, report, deep, progress, cancellation);
            shards.UnionWith(paths.Where(path => report.Files.Any(file => file.Name == Path.GetFileName(path))));
        }

        int checkedCount = indexes.Length;
        foreach (string path in paths.Except(indexes).Where(path => !shards.Contains(path)))
        {
            if (IsKnown(path) && !(GgufSplit.TryParse(path, out GgufSplit? split) && split.Number > 1 && File.Exists(split.PathOf(1))))
            {
                VerifyFile(path, report, deep, progress, cancellation);
                checkedCount++;
            }
        }

        if (checkedCount == 0)
        {
            report.Add(new VerifyFinding(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), null, null,
                "the folder holds no file of a model: no safetensors, GGUF, configuration or tokenizer.", IsFault: true));
        }

        if (File.Exists(Path.Combine(folder, DecoderFolder.ConfigName)) && report.Files.Any(static file => file.Format == "safetensors"))
        {
            Check(report, folder, () => VerifyModel(folder, report));
        }
    }

    private static bool IsKnown(string path)
    {
        string name = Path.GetFileName(path);
        return path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
            || name is DecoderFolder.ConfigName or "tokenizer.json" or "tokenizer.model" || s_otherJson.Contains(name);
    }

    private static void VerifyFile(string path, VerifyReport report, bool deep, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        string name = Path.GetFileName(path);
        Check(report, path, () =>
        {
            if (StartsWith(path, "GGUF"u8) || path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            {
                report.Add(new VerifiedFile(name, "GGUF", new FileInfo(path).Length, 0));
                VerifyGguf(path, report, deep, progress, cancellation);
            }
            else if (name == DecoderFolder.ConfigName)
            {
                report.Add(new VerifiedFile(name, "configuration", new FileInfo(path).Length, 0));
                VerifyConfig(path, report);
            }
            else if (path.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase) || path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            {
                VerifySafetensors(path, report, deep, progress, cancellation);
            }
            else if (s_otherJson.Contains(name))
            {
                report.Add(new VerifiedFile(name, "JSON", new FileInfo(path).Length, 0));
                _ = JsonConfig.Read(path);
            }
            else
            {
                report.Add(new VerifiedFile(name, "tokenizer", new FileInfo(path).Length, 0));
                _ = Tokenizer.Load(path);
            }
        });
    }

    private static void VerifyGguf(string path, VerifyReport report, bool deep, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        using GgufFile file = GgufFile.Open(path);
        foreach (string part in file.Parts)
        {
            report.Replace(new VerifiedFile(
                Path.GetFileName(part), $"GGUF {file.Version}", new FileInfo(part).Length, file.Tensors.Count(tensor => tensor.File == part)));
        }

        report.ElementCount += file.Tensors.Sum(static tensor => tensor.ElementCount);
        int experts = 0;
        Check(report, path, () =>
        {
            if (GgufVocabulary.IsIn(file.Values))
            {
                _ = GgufVocabulary.Read(file.Values);
            }
        });
        Check(report, path, () =>
        {
            if (!file.Tensors.Any(static tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal)))
            {
                report.Add(Remark(path, "holds no blocks: a vocabulary or a piece of a model. Only its format was checked."));
                return;
            }

            string architecture = file.Values.GetText(GgufMetadata.ArchitectureKey);
            report.Model = architecture;
            if (GgufLayouts.Find(architecture) is not { } layout)
            {
                report.Add(Remark(path, $"is of the architecture '{architecture}', which is not run here: only its format was checked."));
                return;
            }

            DecoderConfig config = layout.Read(file);
            experts = config.Experts?.ExpertCount ?? 0;
            DecoderWeights.Require(layout.Map(config, name => file.TryFind(name, out StoredTensor? tensor) ? tensor.Shape : null), file);
            TellUnreadTypes(file, report);
        });
        if (deep)
        {
            new WeightScan(file, report, experts).Run(progress, cancellation);
        }
    }

    private static void VerifySafetensors(string path, VerifyReport report, bool deep, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        bool isIndex = path.EndsWith(IndexSuffix, StringComparison.OrdinalIgnoreCase);
        report.Add(new VerifiedFile(Path.GetFileName(path), isIndex ? "index" : "safetensors", new FileInfo(path).Length, 0));
        using TensorSource source = SafetensorsModel.Open(path);
        foreach (IGrouping<string, StoredTensor> part in source.Tensors.GroupBy(static tensor => tensor.File))
        {
            report.Replace(new VerifiedFile(Path.GetFileName(part.Key), "safetensors", new FileInfo(part.Key).Length, part.Count()));
        }

        report.ElementCount += source.Tensors.Sum(static tensor => tensor.ElementCount);
        if (deep)
        {
            string config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, DecoderFolder.ConfigName);
            new WeightScan(source, report, ExpertsOf(config)).Run(progress, cancellation);
        }
    }

    private static void VerifyConfig(string path, VerifyReport report)
    {
        JsonConfig json = JsonConfig.Read(path);
        string type = json.GetOptionalString("model_type") ?? "";
        json.ThrowIfFaulty();
        report.Model = type.Length > 0 ? type : null;
        if (FamilyCatalogue.Find(type) is null)
        {
            report.Add(Remark(path, type.Length > 0
                ? $"is of the family '{type}', which is not run here: only its form was checked."
                : "names no model_type: only its form was checked."));
            return;
        }

        _ = FamilyCatalogue.Read(path);
    }

    // Only where the configuration alone was sound and known; its faults are told already.
    private static void VerifyModel(string folder, VerifyReport report)
    {
        if (report.IsSound && FamilyCatalogue.Find(report.Model ?? "") is not null)
        {
            using StoredModel model = StoredModel.Open(folder);
            model.RequireTensors();
        }
    }

    private static void TellUnreadTypes(TensorSource source, VerifyReport report)
    {
        foreach (IGrouping<StoredType, StoredTensor> type in source.Tensors.Where(static tensor => tensor.Type.Format() is null).GroupBy(static tensor => tensor.Type))
        {
            StoredTensor first = type.First();
            report.Add(new VerifyFinding(Path.GetFileName(first.File), $"tensor '{first.Name}'", first.Offset,
                $"has type {type.Key.Name()}, which is not run here ({type.Count()} tensors). Convert it to another, as Q4_K.", IsFault: false));
        }
    }

    private static int ExpertsOf(string configPath)
    {
        try
        {
            return File.Exists(configPath) ? FamilyCatalogue.Read(configPath).Config.Experts?.ExpertCount ?? 0 : 0;
        }
        catch (Exception fault) when (fault is ModelFormatException or ConfigException or IOException)
        {
            return 0;
        }
    }

    private static void Check(VerifyReport report, string path, Action check)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        try
        {
            check();
        }
        catch (ModelFormatException fault)
        {
            report.Add(new VerifyFinding(Path.GetFileName(Path.TrimEndingDirectorySeparator(fault.File)), fault.Item, fault.Offset, fault.Fault, IsFault: true));
        }
        catch (ConfigException fault)
        {
            foreach (string line in fault.Faults)
            {
                report.Add(new VerifyFinding(name, null, null, line, IsFault: true));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            report.Add(new VerifyFinding(name, null, null, fault.Message, IsFault: true));
        }
    }

    private static VerifyFinding Remark(string path, string message) => new(Path.GetFileName(path), null, null, message, IsFault: false);

    private static bool StartsWith(string path, ReadOnlySpan<byte> magic)
    {
        using FileStream stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[magic.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual(magic);
    }
}
