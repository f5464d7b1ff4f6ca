using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

namespace MoeSharp.Tests.Fuzzing;

/// <summary>Every format that is read from untrusted files.</summary>
internal static class FuzzTargets
{
    private const int MappedParts = 2_000;

    private static readonly string s_data = Path.Combine(AppContext.BaseDirectory, "Golden", "Data");

    private static readonly long[] s_dataLengths = [32, 2, 10, RealDataLength()];

    // The header in front, zeros behind it for the data: one buffer for all mutations.
    private static readonly byte[] s_file = new byte[1 << 20];
    private static int s_dirty;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("safetensors", 25, IsText: true, SafetensorsHeaders(), ReadSafetensors),
        new("index.json", 10, IsText: true, [Index()], ReadIndex),
        new("gguf", 30, IsText: false, GgufHeaders(), ReadGguf),
        new("tokenizer.json", 10, IsText: true, Tokenizers(), ReadTokenizer),
        new("tokenizer.model", 10, IsText: false, SentencePieces(), bytes => Tokenizer.Parse(bytes, "tokenizer.model")),
        new("config.json", 15, IsText: true, Configs(), ReadConfig),
    ];

    private static string RealPath => Path.Combine(s_data, "families", "mistral", "model.safetensors");

    private static long RealDataLength()
    {
        byte[] real = File.ReadAllBytes(RealPath);
        return real.Length - 8 - BinaryPrimitives.ReadInt64LittleEndian(real);
    }

    private static byte[][] SafetensorsHeaders()
    {
        byte[][] small =
        [
            Encoding.UTF8.GetBytes("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I16","shape":[4],"data_offsets":[24,32]}}"""),
            Encoding.UTF8.GetBytes("""{"__metadata__":{"format":"pt"},"z":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"y":{"dtype":"F32","shape":[0,3],"data_offsets":[2,2]}}  """),
            Encoding.UTF8.GetBytes("""{"é\n":{"shape":[1,1,1],"data_offsets":[0,8],"dtype":"I64"},"f":{"dtype":"F4","shape":[4],"data_offsets":[8,10]}}"""),
        ];
        byte[] real = File.ReadAllBytes(RealPath);
        return [.. small, real[8..(8 + (int)BinaryPrimitives.ReadInt64LittleEndian(real))]];
    }

    private static void ReadSafetensors(byte[] json)
    {
        // The length in the prefix is another number that may lie.
        ulong claimed = json.Length % 16 == 0 && json.Length >= 8 ? BinaryPrimitives.ReadUInt64LittleEndian(json) : (ulong)json.Length;
        for (int i = 0; ; i++)
        {
            long fileLength = 8 + json.Length + s_dataLengths[i];
            try
            {
                int length = SafetensorsHeader.CheckLength("fuzz", claimed, fileLength);
                CheckInside(SafetensorsHeader.Parse("fuzz", json.AsSpan(0, Math.Min(length, json.Length)), fileLength).Tensors, 8, fileLength);
                return;
            }
            catch (ModelFormatException) when (i + 1 < s_dataLengths.Length)
            {
                // A sound header needs its own length of data: all seeds' lengths are tried.
            }
        }
    }

    private static byte[] Index() => Encoding.UTF8.GetBytes(
        "{\"metadata\":{\"total_size\":" + 205_408 + "},\"weight_map\":{"
        + string.Join(',', Enumerable.Range(0, 40).Select(i => $"\"model.layers.{i}.self_attn.q_proj.weight\":\"model-0000{1 + (i / 14)}-of-00003.safetensors\"")) + "}}");

    private static void ReadIndex(byte[] json)
    {
        foreach (string name in SafetensorsShards.ParseWeightMap(json, "model.safetensors.index.json").Values)
        {
            (Path.GetFileName(name) == name && name is not (".." or "." or "")).ShouldBeTrue("an index may only name files beside it");
        }
    }

    private static byte[][] GgufHeaders() =>
    [
        .. ((string[])["malformed/good", "families/mixtral.bf16", "families/gpt_oss.bf16", "variants/mistral.align128.reordered", "models/mixtral-256.Q4_K_M"])
            .Select(name => ShortHeader(Path.Combine(s_data, "gguf", name + ".gguf"))),
    ];

    // A real header with its vocabulary made short, so that mutations hit the rest.
    private static byte[] ShortHeader(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        foreach (string key in file.Values.Keys.Where(key => key.StartsWith("tokenizer.", StringComparison.Ordinal)).ToArray())
        {
            file.Values.TryFind(key, out GgufValue? value);
            if (value!.TryGetTexts(out GgufTexts texts))
            {
                file.Values.Set(key, GgufValue.Of(GgufTexts.Create([.. texts.Take(4)])));
            }
            else if (value.TryGetIntegers(out int[] numbers))
            {
                file.Values.Set(key, GgufValue.Of(numbers[..4]));
            }
        }

        long start = file.Tensors[0].Offset;
        return GgufHeaderWriter.Write(
            file.Version, file.Alignment, file.Values,
            [.. file.Tensors.Select(tensor => (new GgufEntry(tensor.Name, tensor.Type, tensor.Shape), tensor.Offset - start))]);
    }

    private static void ReadGguf(byte[] header)
    {
        if (header.Length >= s_file.Length)
        {
            return;
        }

        header.CopyTo(s_file, 0);
        s_file.AsSpan(header.Length, Math.Max(0, s_dirty - header.Length)).Clear();
        s_dirty = header.Length;

        GgufHeader read;
        try
        {
            read = GgufHeaderOf(s_file);
        }
        catch (ModelFormatException fault) when (fault.Item == "data" && fault.Offset is > 0 and var end)
        {
            read = GgufHeaderOf(s_file.AsMemory(0, (int)end)); // the file as long as its list says
        }

        CheckInside(read.Tensors, 0, s_file.Length);
        ReadVocabulary(read);
        ReadLayout(read);
    }

    private static GgufHeader GgufHeaderOf(ReadOnlyMemory<byte> file) => GgufHeader.Read(file, "fuzz.gguf");

    // Short vocabularies are mostly refused; that must not keep the layout from being read.
    private static void ReadVocabulary(GgufHeader header)
    {
        try
        {
            if (GgufVocabulary.IsIn(header.Metadata))
            {
                _ = GgufVocabulary.Read(header.Metadata);
            }
        }
        catch (ModelFormatException)
        {
        }
    }

    private static void ReadLayout(GgufHeader header)
    {
        var shapes = header.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape, StringComparer.Ordinal);
        GgufLayout layout = GgufLayouts.Find(header.Metadata.GetText(GgufMetadata.ArchitectureKey)) ?? GgufLayouts.All[0];
        DecoderConfig config = layout.Read(new GgufFacts(header.Metadata, layout.Architecture, name => shapes.GetValueOrDefault(name), shapes.Count));
        config.Validate().CountParameters().Total.ShouldBeGreaterThan(0);
        layout.Map(config, name => shapes.GetValueOrDefault(name)).Bindings.Count.ShouldBeGreaterThan(0);
    }

    private static byte[][] Tokenizers() =>
    [
        .. Directory.GetFiles(Path.Combine(s_data, "tokenizer_malformed"), "*.json").Where(path => Path.GetFileName(path) is { } name
            && (name == "good.json" || name.StartsWith("ok_", StringComparison.Ordinal))).Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
    ];

    private static void ReadTokenizer(byte[] json)
    {
        Tokenizer tokenizer = Tokenizer.Parse(json);
        try
        {
            tokenizer.Encode("low lower <s> newest");
        }
        catch (ArgumentException)
        {
            // Declared: a symbol that the vocabulary lacks, and no unknown token.
        }
    }

    private static byte[][] SentencePieces() =>
        [.. ((string[])["bpe_suffix", "unigram_fallback"]).Select(name => Unzip(Path.Combine(s_data, "sentencepiece", name + ".tokenizer.model.gz")))];

    private static byte[][] Configs() =>
        [.. Directory.GetFiles(Path.Combine(s_data, "families"), "config.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private static void ReadConfig(byte[] json)
    {
        (Family family, DecoderConfig config) = FamilyCatalogue.Parse(json, "config.json");
        config.CountParameters().Total.ShouldBeGreaterThan(0);
        if ((long)config.LayerCount * Math.Max(config.HeadCount, config.Experts?.ExpertCount ?? 1) <= MappedParts)
        {
            family.Map(config).Bindings.Count.ShouldBeGreaterThan(0);
        }
    }

    private static byte[] Unzip(string path)
    {
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static void CheckInside(IReadOnlyList<StoredTensor> tensors, long start, long fileLength)
    {
        long end = start;
        foreach (StoredTensor tensor in tensors)
        {
            (tensor.Offset >= end && tensor.ByteLength >= 0 && tensor.ByteLength <= fileLength - tensor.Offset).ShouldBeTrue($"{tensor} leaves the file");
            Int128 count = 1;
            foreach (long size in tensor.Shape)
            {
                count *= size;
            }

            Int128 bytes = tensor.Type.IsBlocks() ? count / tensor.Type.BlockLength() * tensor.Type.BlockBytes() : count * tensor.Type.Bits() / 8;
            (bytes == tensor.ByteLength).ShouldBeTrue($"{tensor} does not have {tensor.ByteLength} bytes");
            end = tensor.Offset + tensor.ByteLength;
        }
    }
}
