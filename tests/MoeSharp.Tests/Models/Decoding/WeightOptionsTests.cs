using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using Shouldly;
using Xunit;

namespace MoeSharp.Tests.Models.Decoding;

public sealed class WeightOptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Weights_as_they_are_stored_give_the_bits_of_float32()
    {
        foreach ((string name, DecoderConfig config) in SampleConfigs.All)
        {
            foreach (DType type in new[] { DType.F32, DType.BF16, DType.F16 })
            {
                string folder = Path.Combine(_folder, $"{name}-{type}");
                DecoderFolder.Save(Decoder.Create(config, seed: 7), folder, type);
                float[] expected = Logits(DecoderFolder.Load(folder).Decoder);
                foreach (bool maps in new[] { true, false })
                {
                    (Decoder stored, _) = DecoderFolder.Load(folder, new WeightOptions { Maps = maps });
                    stored.Parameters.Where(parameter => parameter.CanPack)
                        .ShouldAllBe(parameter => parameter.Packed!.Format!.Name == type.ToString(), name);
                    Logits(stored).ShouldBe(expected, $"{name} {type} mapped: {maps}");
                }
            }
        }
    }

    [Fact]
    public void A_model_with_packed_weights_is_saved_as_it_was_loaded()
    {
        string first = Path.Combine(_folder, "first"), second = Path.Combine(_folder, "second");
        DecoderFolder.Save(Decoder.Create(SampleConfigs.All.First().Value, seed: 7), first, DType.BF16);
        (Decoder stored, Family family) = DecoderFolder.Load(first, WeightOptions.Stored);
        DecoderFolder.Save(stored, second, DType.BF16, family);
        File.ReadAllBytes(Path.Combine(second, "model.safetensors")).ShouldBe(File.ReadAllBytes(Path.Combine(first, "model.safetensors")));
    }

    [Fact]
    public void A_file_that_shrinks_while_its_weights_are_in_use_is_a_clear_error()
    {
        string folder = Path.Combine(_folder, "shrinks");
        DecoderFolder.Save(Decoder.Create(SampleConfigs.All.First().Value, seed: 7), folder, DType.BF16);
        (Decoder stored, _) = DecoderFolder.Load(folder, WeightOptions.Stored);
        stored.Parameters.ShouldContain(parameter => parameter.Packed != null && parameter.Packed.IsMapped);
        using (FileStream file = new(Path.Combine(folder, "model.safetensors"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.SetLength(file.Length - 1);
        }

        Should.Throw<IOException>(() => Logits(stored)).Message.ShouldContain("the file has shrunk from");
    }

    private static float[] Logits(Decoder decoder)
    {
        using var scope = new TensorScope();
        int[] ids = [1, 5, 2, 9, 30, 4, 4];
        Indices tokens = scope.NewIndices(ids.Length);
        ids.CopyTo(tokens.Span);
        var layout = new SequenceLayout();
        layout.Add(ids.Length, 0);
        return decoder.Forward(scope, tokens, layout).RequiredLogits.ToArray();
    }
}
