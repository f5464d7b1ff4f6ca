using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tests.Formats;

namespace MoeSharp.Tests.Models.Conversion;

public class ImportanceTests
{
    private const int TextLength = 900;

    private static readonly Lazy<int[]> s_calibration = new(() => Divergence.Babble(Model.Tiny, TextLength, seed: 1));
    private static readonly Lazy<int[]> s_heldOut = new(() => Divergence.Babble(Model.Tiny, TextLength, seed: 2));

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("IQ4_NL")]
    public void Knowing_which_columns_matter_lowers_the_divergence_of_the_built_in_model(string type) =>
        ShouldBeLower(Model.Tiny.Decoder, type);

    // The rows of the built-in model are 128 long, and blocks of these formats 256: its equal of twice the width.
    [Theory]
    [InlineData("Q2_K")]
    [InlineData("Q3_K")]
    [InlineData("Q4_K")]
    public void And_of_the_same_model_with_longer_rows(string type) => ShouldBeLower(WidenedTiny.Create(), type);

    [Fact]
    public void The_wider_model_is_the_same_model()
    {
        int[] ids = s_heldOut.Value[..64];
        IReadOnlyList<float> expected = Divergence.Logits(Model.Tiny.Decoder, ids), actual = Divergence.Logits(WidenedTiny.Create(), ids);
        double largest = expected.Max(MathF.Abs);
        expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)).ShouldBeLessThan((float)(1e-4 * largest));
    }

    [Fact]
    public void Importance_is_the_mean_square_of_what_a_weight_is_multiplied_with()
    {
        int[] ids = s_calibration.Value[..300];
        Importance importance = ImportanceCollector.Run(Model.Tiny.Decoder, ids);
        importance.TokenCount.ShouldBe(300);

        // The head's input is the output of the last norm.
        var observer = new LastHidden(Model.Tiny.Config.LayerCount);
        using var scope = new TensorScope();
        Indices tokens = scope.NewIndices(ids.Length);
        ids.CopyTo(tokens.Span);
        Model.Tiny.Decoder.Forward(scope, tokens, SequenceLayout.FromLengths([ids.Length]), new ForwardOptions { Observer = observer });
        float[] head = importance.Of("embedding.weight")!;
        for (int k = 0; k < head.Length; k++)
        {
            double mean = Enumerable.Range(0, ids.Length).Sum(row => Math.Pow(observer.Values[(row * head.Length) + k], 2)) / ids.Length;
            head[k].ShouldBe((float)mean, 1e-5 * mean);
        }

        // Experts have importances of their own; the matrices that share an input, the same.
        float[] first = importance.Of("layers.1.experts.gate_projection", 0)!, second = importance.Of("layers.1.experts.gate_projection", 1)!;
        first.ShouldNotBe(second);
        importance.Of("layers.1.experts.up_projection", 0).ShouldBe(first);
        importance.Of("nothing").ShouldBeNull();
    }

    [Fact]
    public void An_expert_that_no_token_visits_takes_the_importance_of_all()
    {
        var sums = new Importance.Sums(2, 1);
        sums.Rows[0] = 4;
        sums.Squares[0] = 36;
        var importance = new Importance(new Dictionary<string, Importance.Sums> { ["w"] = sums }, 4);
        importance.Of("w", 1)!.ShouldBe([9f]);
        importance.Of("w", 0)!.ShouldBe([9f]);
    }

    [Fact]
    public void A_scope_without_an_observer_asks_nobody()
    {
        using var scope = new TensorScope();
        scope.ProductObserver.ShouldBeNull();
    }

    /// <summary>Divergence of a model in a format on held-out text, without and with importance.</summary>
    internal static (double Plain, double Weighted) Measure(Decoder decoder, string type)
    {
        IReadOnlyList<float> reference = Divergence.Logits(Model.Tiny.Decoder, s_heldOut.Value);
        Importance importance = ImportanceCollector.Run(decoder, s_calibration.Value);
        return (Measure(decoder, type, null, reference), Measure(decoder, type, importance, reference));
    }

    private static void ShouldBeLower(Decoder decoder, string type)
    {
        (double plain, double weighted) = Measure(decoder, type);
        weighted.ShouldBeLessThan(plain, $"{type}: KL {plain:E3} plain, {weighted:E3} weighted");
    }

    private static double Measure(Decoder decoder, string type, Importance? importance, IReadOnlyList<float> reference)
    {
        using var folder = new TemporaryFolder();
        DecoderFolder.Save(decoder, folder["float"]);
        using (StoredModel model = StoredModel.Open(folder["float"]))
        {
            ConversionReport report = ModelConverter.Convert(
                model, folder["model.gguf"], new ConversionOptions { Recipe = QuantizationRecipe.Parse(type, pure: true), Importance = importance });
            report.Tensors.Where(tensor => tensor.Part == "experts").ShouldAllBe(tensor => tensor.To == type && tensor.IsWeighted == (importance != null));
        }

        using StoredModel quantized = StoredModel.Open(folder["model.gguf"]);
        IReadOnlyList<float> logits = Divergence.Logits(quantized.Load(new WeightOptions { IsExact = true }), s_heldOut.Value);
        return Divergence.Of(reference, logits, decoder.Config.VocabularySize);
    }

    private sealed class LastHidden(int index) : IForwardObserver
    {
        public float[] Values { get; private set; } = [];

        public void Observe(int place, Tensor hidden)
        {
            if (place == index)
            {
                Values = hidden.ToArray();
            }
        }
    }
}
