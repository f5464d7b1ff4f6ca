using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tests.Formats;

namespace MoeSharp.Tests.Models.Conversion;

public class ExpertHeatTests
{
    [Fact]
    public void Experts_of_formats_of_their_own_are_loaded_as_one_stack_and_answer_as_their_values_do()
    {
        using var folder = new TemporaryFolder();
        int[] ids = Divergence.Babble(Model.Tiny, 200, seed: 3);
        ConversionReport report;
        using (StoredModel tiny = StoredModel.OpenTiny())
        {
            report = ModelConverter.Convert(tiny, folder["hot.gguf"], new ConversionOptions
            {
                Recipe = QuantizationRecipe.Parse("Q5_0") with { Heat = CalibrationText.TraceHeat(Model.Tiny.Decoder, ids) },
            });
        }

        report.Parts.Single(part => part.Part == "experts").Types.Order().ShouldBe(["Q4_0", "Q5_0", "Q8_0"]);
        report.Notes.ShouldContain(note => note.Contains("llama.cpp does not", StringComparison.Ordinal));

        using StoredModel model = StoredModel.Open(folder["hot.gguf"]);
        model.Source.TryFind("blk.0.ffn_down.0.weight", out _).ShouldBeTrue();
        model.Source.TryFind("blk.0.ffn_down_exps.weight", out _).ShouldBeFalse();
        Decoder exact = model.Load(new WeightOptions { IsExact = true }), floats = model.Load(WeightOptions.Float32), copied = model.Load(
            new WeightOptions { IsExact = true, Maps = false });
        PackedWeight stack = exact.Parameters.Single(parameter => parameter.Name == "layers.0.experts.down_projection").Packed.ShouldNotBeNull();
        stack.Format.ShouldBeNull();
        IReadOnlyList<float> expected = Divergence.Logits(floats, ids[..32]);
        Divergence.Logits(exact, ids[..32]).ShouldBe(expected);
        Divergence.Logits(copied, ids[..32]).ShouldBe(expected);
    }

    [Fact]
    public void A_file_of_single_experts_becomes_a_folder_again()
    {
        using var folder = new TemporaryFolder();
        using (StoredModel tiny = StoredModel.OpenTiny())
        {
            ModelConverter.Convert(tiny, folder["hot.gguf"], new ConversionOptions
            {
                Recipe = QuantizationRecipe.Parse("Q4_0") with
                {
                    Heat = ExpertHeat.Parse("""{"experts": [{"layer": 2, "counts": [9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]}]}"""u8.ToArray(), "trace.json"),
                },
            });
        }

        using StoredModel model = StoredModel.Open(folder["hot.gguf"]);
        model.Gguf!.Tensors.Count(tensor => tensor.Name.StartsWith("blk.2.ffn_up", StringComparison.Ordinal)).ShouldBe(16);
        model.Gguf.Tensors.Count(tensor => tensor.Name.StartsWith("blk.1.ffn_up", StringComparison.Ordinal)).ShouldBe(1);
        ModelConverter.Convert(model, folder["floats"]);
        int[] ids = Divergence.Babble(Model.Tiny, 32, seed: 4);
        (Decoder decoder, _) = DecoderFolder.Load(folder["floats"]);
        Divergence.Logits(decoder, ids).ShouldBe(Divergence.Logits(model.Load(WeightOptions.Float32), ids));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"experts": [{"layer": 0, "counts": [-1]}]}""")]
    [InlineData("""{"experts": [{"layer": 0, "counts": [1]}, {"layer": 0, "counts": [1]}]}""")]
    [InlineData("""{"experts": [{"layer": 0.5, "counts": [1]}]}""")]
    public void What_is_no_trace_is_refused(string json) =>
        Should.Throw<ModelFormatException>(() => ExpertHeat.Parse(System.Text.Encoding.UTF8.GetBytes(json), "trace.json"))
            .Message.ShouldStartWith("trace.json, key 'experts': is no routing trace: ");
}
