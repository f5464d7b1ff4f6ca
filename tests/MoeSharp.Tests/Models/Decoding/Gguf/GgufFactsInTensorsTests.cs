using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Layers;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Models.Decoding.Gguf;

/// <summary>Architectures without a golden file, and facts that GGUF keeps in tensors.</summary>
public sealed class GgufFactsInTensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Grok_is_written_and_read()
    {
        MoeSharp.Models.Decoding.Decoder decoder = SampleConfigs.Build("grok");
        Same(Write(decoder, new GrokLayout(), decoder.Config), decoder);
        GgufLayouts.Choose(decoder.Config).ShouldBeOfType<GrokLayout>();
    }

    [Fact]
    public void Divisors_of_frequencies_are_the_scaling_of_llama_3()
    {
        DecoderConfig config = SampleConfigs.Dense with { Rotary = SampleConfigs.Llama.Rotary };
        var decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 4);
        ReadOnlySpan<float> scaled = Rotary.CreateTable(config.Rotary, config.HeadSize, config.PositionCount).InverseFrequencies;
        float[] divisors = new float[scaled.Length];
        for (int i = 0; i < divisors.Length; i++)
        {
            divisors[i] = (float)(Math.Pow(config.Rotary.Theta, -2.0 * i / config.HeadSize) / scaled[i]);
        }

        DecoderConfig plain = config with { Rotary = new RotaryConfig { Theta = config.Rotary.Theta } };
        Same(Write(decoder, new LlamaLayout(), plain, ("rope_freqs.weight", divisors)), decoder);
    }

    [Fact]
    public void Short_and_long_factors_are_long_rotation()
    {
        DecoderConfig sample = SampleConfigs.All["phimoe_long"];
        DecoderConfig config = sample with { Rotary = sample.Rotary with { ShortMScale = null, LongMScale = null, AttentionFactor = 1.25 } };
        var decoder = MoeSharp.Models.Decoding.Decoder.Create(config, seed: 4);
        float[] brief = [.. config.Rotary.ShortFactors.Select(factor => (float)factor)], extended = [.. config.Rotary.LongFactors.Select(factor => (float)factor)];
        string path = Write(
            decoder, new PhimoeLayout(), config with { Rotary = new RotaryConfig() },
            metadata =>
            {
                metadata.Set("phimoe.rope.scaling.original_context_length", GgufValue.Of(64u));
                metadata.Set("phimoe.rope.scaling.attn_factor", GgufValue.Of(1.25f));
            },
            ("rope_factors_short.weight", brief), ("rope_factors_long.weight", extended));
        Same(path, decoder);
    }

    private static void Same(string path, MoeSharp.Models.Decoding.Decoder decoder)
    {
        MoeSharp.Models.Decoding.Decoder loaded = GgufDecoder.Load(path).Decoder;
        foreach (int length in (int[])[20, 70])
        {
            int[] ids = SampleConfigs.Ids(length);
            float[] expected = [.. LogitsDump.Run(decoder, ids).Logits], logits = [.. LogitsDump.Run(loaded, ids).Logits];
            float largest = expected.Max(MathF.Abs);
            for (int i = 0; i < expected.Length; i++)
            {
                logits[i].ShouldBe(expected[i], 2e-5f * largest);
            }
        }
    }

    private string Write(MoeSharp.Models.Decoding.Decoder decoder, GgufLayout layout, DecoderConfig config, params (string Name, float[] Values)[] extra) =>
        Write(decoder, layout, config, _ => { }, extra);

    private string Write(
        MoeSharp.Models.Decoding.Decoder decoder, GgufLayout layout, DecoderConfig config, Action<GgufMetadata> change,
        params (string Name, float[] Values)[] extra)
    {
        var metadata = new GgufMetadata();
        layout.Write(config, metadata);
        change(metadata);
        IReadOnlyList<WeightBinding> bindings = layout.Map(config).Bindings;
        string path = Path.Combine(_folder, "model.gguf");
        using var writer = new GgufWriter(path, metadata,
        [
            .. bindings.Select(binding => new GgufEntry(binding.Tensor, StoredType.F32, binding.Shape.ToArray())),
            .. extra.Select(tensor => new GgufEntry(tensor.Name, StoredType.F32, [tensor.Values.Length])),
        ]);
        foreach (WeightBinding binding in bindings)
        {
            float[] values = new float[binding.Shape.Length];
            foreach (WeightSegment segment in binding.Segments)
            {
                for (long i = 0; i < segment.Length; i++)
                {
                    values[segment.TensorIndex(i)] = decoder.State[segment.Parameter].SpanAt(segment.ParameterStart + i, 1)[0];
                }
            }

            writer.Write(binding.Tensor, values);
        }

        foreach ((string name, float[] values) in extra)
        {
            writer.Write(name, values);
        }

        writer.Commit();
        return path;
    }
}
