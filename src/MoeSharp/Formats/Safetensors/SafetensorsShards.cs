using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace MoeSharp.Formats.Safetensors;

/// <summary>Several safetensors files that an index (<c>model.safetensors.index.json</c>) joins to one set of tensors.</summary>
/// <remarks>
/// <para>Index: <c>{"metadata": {…}, "weight_map": {"&lt;tensor&gt;": "&lt;file&gt;", …}}</c>. Files lie beside the index; a name
/// with a folder in it is refused, so an index cannot point elsewhere.</para>
/// <para>Index and files must agree both ways: a listed tensor that its file lacks, and a tensor that no line lists, are errors.
/// <c>metadata.total_size</c> is not checked: published files disagree about what it counts.</para>
/// </remarks>
public sealed class SafetensorsShards : TensorSource
{
    /// <summary>Longest index that is read, in bytes; those of the largest published models have a few million.</summary>
    private const long MaxIndexLength = 100_000_000;

    private readonly List<SafetensorsFile> _files = [];
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, SafetensorsFile> _byTensor = new(StringComparer.Ordinal);

    private SafetensorsShards(string path)
        : base(path)
    {
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    /// <summary>Metadata of the first file.</summary>
    public override IReadOnlyDictionary<string, string> Metadata =>
        _files.Count > 0 ? _files[0].Metadata : new Dictionary<string, string>();

    /// <summary>Opens all files of an index and checks their headers.</summary>
    /// <exception cref="ModelFormatException">The index or a file breaks its format, or they disagree.</exception>
    /// <exception cref="IOException">The index does not exist or cannot be read.</exception>
    public static SafetensorsShards Open(string indexPath)
    {
        var shards = new SafetensorsShards(indexPath);
        try
        {
            shards.OpenFiles(ReadWeightMap(indexPath));
            return shards;
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool TryFind(string name, [NotNullWhen(true)] out StoredTensor? tensor)
    {
        tensor = null;
        return _byTensor.TryGetValue(name, out SafetensorsFile? file) && file.TryFind(name, out tensor);
    }

    /// <inheritdoc/>
    public override void ReadBytes(StoredTensor tensor, long byteOffset, Span<byte> destination)
    {
        if (!_byTensor.TryGetValue(tensor.Name, out SafetensorsFile? file))
        {
            throw new ArgumentException($"tensor '{tensor.Name}' is not one of {Path}.", nameof(tensor));
        }

        file.ReadBytes(tensor, byteOffset, destination);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    private static Dictionary<string, string> ReadWeightMap(string indexPath)
    {
        long length = new FileInfo(indexPath).Length;
        if (length > MaxIndexLength)
        {
            throw new ModelFormatException(indexPath, null, null, $"has {length:N0} bytes, at most {MaxIndexLength:N0} are read.");
        }

        return ParseWeightMap(File.ReadAllBytes(indexPath), indexPath);
    }

    /// <summary>The tensors that an index lists, and the files they are in.</summary>
    /// <exception cref="ModelFormatException">The index breaks its format.</exception>
    internal static Dictionary<string, string> ParseWeightMap(ReadOnlyMemory<byte> json, string indexPath)
    {
        using JsonDocument document = ParseIndex(json, indexPath);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out JsonElement map)
            || map.ValueKind != JsonValueKind.Object)
        {
            throw new ModelFormatException(indexPath, "key 'weight_map'", null, "is missing or no object. It maps tensor names to file names.");
        }

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                files.Add(entry.Name, FileName(indexPath, entry));
            }
        }
        catch (InvalidOperationException fault)
        {
            throw new ModelFormatException(indexPath, "key 'weight_map'", null, "holds text that is not valid Unicode.", fault);
        }

        return files;
    }

    private static JsonDocument ParseIndex(ReadOnlyMemory<byte> json, string indexPath)
    {
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new ModelFormatException(indexPath, null, null, "is not a valid index: " + fault.Message, fault);
        }
    }

    private static string FileName(string indexPath, JsonProperty entry)
    {
        string item = $"key 'weight_map.{entry.Name}'";
        if (entry.Value.ValueKind != JsonValueKind.String)
        {
            throw new ModelFormatException(indexPath, item, null, "is no text. It names the file of the tensor.");
        }

        string name = entry.Value.GetString()!;
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0)
        {
            throw new ModelFormatException(indexPath, item, null, $"names '{name}'. Only a plain name of a file beside the index is allowed.");
        }

        return name;
    }

    private void OpenFiles(Dictionary<string, string> weightMap)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        foreach (string name in weightMap.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            string path = System.IO.Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new ModelFormatException(Path, $"file '{name}'", null, "is listed but missing. Download it again.");
            }

            SafetensorsFile file = SafetensorsFile.Open(path);
            _files.Add(file);
            foreach (StoredTensor tensor in file.Tensors)
            {
                if (!weightMap.TryGetValue(tensor.Name, out string? listed) || listed != name)
                {
                    throw new ModelFormatException(path, $"tensor '{tensor.Name}'", tensor.Offset, listed is null
                        ? $"is not listed in {System.IO.Path.GetFileName(Path)}."
                        : $"is listed in {System.IO.Path.GetFileName(Path)} as part of '{listed}'.");
                }

                _byTensor.Add(tensor.Name, file);
                _tensors.Add(tensor);
            }
        }

        foreach ((string tensor, string name) in weightMap)
        {
            if (!_byTensor.ContainsKey(tensor))
            {
                throw new ModelFormatException(Path, $"tensor '{tensor}'", null, $"is listed in '{name}', which does not hold it.");
            }
        }
    }
}
