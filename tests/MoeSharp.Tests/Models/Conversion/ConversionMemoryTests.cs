using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tests.Formats;

namespace MoeSharp.Tests.Models.Conversion;

public class ConversionMemoryTests
{
    private const long AllowedBesidesOneLayer = 1L << 30;
    private const int ExpertCount = 16;

    private static readonly DecoderConfig s_config = new()
    {
        VocabularySize = 32000,
        HiddenSize = 2048,
        LayerCount = 10,
        HeadCount = 16,
        KeyValueHeadCount = 4,
        HeadSize = 128,
        IntermediateSize = 0,
        Experts = new ExpertsConfig { ExpertCount = ExpertCount, TopK = 2, IntermediateSize = 1792 },
    };

    [Fact]
    [Trait("Size", "Large")]
    public void A_model_of_gigabytes_is_converted_in_the_memory_of_one_layer_and_a_gigabyte()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MOESHARP_LARGE") == "1", "Writes about 10 GB. Set MOESHARP_LARGE=1 to run it.");
        using var folder = new TemporaryFolder();
        long bytes = WriteSparse(folder["model"]);
        bytes.ShouldBeGreaterThan(3L << 30);
        long layer = bytes / s_config.LayerCount;

        Run(folder["model"], folder["bf16.gguf"], null).ShouldBeLessThan(layer + AllowedBesidesOneLayer);
        Run(folder["bf16.gguf"], folder["q8.gguf"], QuantizationRecipe.Parse("Q8_0")).ShouldBeLessThan(layer + AllowedBesidesOneLayer);
        Run(folder["bf16.gguf"], folder["back"], null).ShouldBeLessThan(layer + AllowedBesidesOneLayer);

        using TensorSource before = SafetensorsModel.Open(folder["model"]), after = SafetensorsModel.Open(folder["back"]);
        foreach (string name in (string[])["model.layers.3.self_attn.q_proj.weight", "model.layers.9.block_sparse_moe.experts.7.w2.weight"])
        {
            float[] expected = before.ReadFloat32(name);
            expected.ShouldContain(value => value != 0);
            after.ReadFloat32(name).AsSpan().SequenceEqual(expected).ShouldBeTrue(name);
        }
    }

    /// <summary>The most memory that was resident during a conversion.</summary>
    private static long Run(string from, string to, QuantizationRecipe? recipe)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var peak = new Peak();
        using StoredModel model = StoredModel.Open(from);
        ModelConverter.Convert(model, to, new ConversionOptions { Recipe = recipe, Progress = peak });
        TestContext.Current.TestOutputHelper?.WriteLine($"{Path.GetFileName(to)}: {peak.Bytes / 1e6:F0} MB resident at most");
        return peak.Bytes;
    }

    // Zeros take no room on disk; a piece of every tensor holds random numbers.
    private static long WriteSparse(string folder)
    {
        Directory.CreateDirectory(folder);
        Family family = FamilyCatalogue.Find("mixtral")!;
        File.WriteAllText(Path.Combine(folder, "config.json"), FamilyCatalogue.Write(family, s_config, "bfloat16"));
        var entries = new List<(SafetensorsEntry Entry, long Begin, long ByteLength)>();
        long length = 0;
        foreach (WeightBinding binding in family.Map(s_config).Bindings.OrderBy(binding => binding.Tensor, StringComparer.Ordinal))
        {
            long bytes = 2 * binding.Shape.Length;
            entries.Add((new SafetensorsEntry(binding.Tensor, StoredType.BF16, binding.Shape.ToArray()), length, bytes));
            length += bytes;
        }

        byte[] header = SafetensorsHeaderWriter.Write(entries, new Dictionary<string, string> { ["format"] = "pt" });
        using FileStream file = File.Create(Path.Combine(folder, SafetensorsModel.FileName));
        file.SetLength(header.Length + length);
        file.Write(header);
        var rng = new Rng(7);
        byte[] noise = new byte[4096];
        foreach ((SafetensorsEntry _, long begin, long bytes) in entries)
        {
            int count = (int)Math.Min(noise.Length, bytes);
            for (int i = 0; i < count; i += 2)
            {
                // from 1 to 2: any mantissa
                BitConverter.TryWriteBytes(noise.AsSpan(i), (ushort)(0x3f80 | (rng.NextBits() & 0x007f)));
            }

            file.Position = header.Length + begin;
            file.Write(noise, 0, count);
        }

        return length;
    }

    private sealed class Peak : IProgress<ConversionProgress>
    {
        public long Bytes { get; private set; }

        public void Report(ConversionProgress value) => Bytes = Math.Max(Bytes, Environment.WorkingSet);
    }
}
