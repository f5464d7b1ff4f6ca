using MoeSharp.Analysis.Scoring;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tests.Formats;

namespace MoeSharp.Tests.Models.Conversion;

public class ImportanceTests
{
    private const int CalibrationLength = 8192;
    private const int HeldOutLength = 3072;

    private static readonly Lazy<int[]> s_calibration = new(() => Model.Tiny.Encode(HeldOutBook.FirstChapters)[..CalibrationLength]);
    private static readonly Lazy<int[]> s_heldOut = new(() => Model.Tiny.Encode(HeldOutBook.LaterChapters)[..HeldOutLength]);
    private static readonly Lazy<Decoder> s_wide = new(WidenedTiny.Create);

    private static readonly Lazy<Importance> s_importance = new(() => ImportanceCollector.Run(Model.Tiny.Decoder, s_calibration.Value));
    private static readonly Lazy<Importance> s_importanceOfWide = new(() => ImportanceCollector.Run(s_wide.Value, s_calibration.Value));

    public static TheoryData<string> Blocks => [.. BlockFormats.All.Where(format => format is { CanQuantize: true, IsFloat: false }).Select(format => format.Name)];

    /// <summary>Rows of the built-in model are 128 long: formats of 256-blocks hold its equal of twice the width.</summary>
    [Theory]
    [MemberData(nameof(Blocks))]
    public void Knowing_the_columns_lowers_the_divergence_on_text_that_neither_training_nor_calibration_saw(string type)
    {
        bool isWide = BlockFormats.Find(type)!.BlockLength > 128;
        Decoder decoder = isWide ? s_wide.Value : Model.Tiny.Decoder;
        ModelDifference plain = Measure(decoder, type, null), weighted = Measure(decoder, type, isWide ? s_importanceOfWide.Value : s_importance.Value);
        weighted.MeanDivergence.ShouldBeLessThan(
            plain.MeanDivergence, $"{type}: median {plain.Quantile(0.5)} without, {weighted.Quantile(0.5)} with");
    }

    [Fact]
    public void The_wider_model_is_the_same_model()
    {
        int[] ids = s_heldOut.Value[..64];
        IReadOnlyList<float> expected = Divergence.Logits(Model.Tiny.Decoder, ids), actual = Divergence.Logits(s_wide.Value, ids);
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
    public void Errors_cancel_for_inputs_that_hardly_vary()
    {
        // Inputs of mean 1 and little variance: what matters is the sum of a row's errors.
        const int Columns = 128, Rows = 16;
        var rng = new Rng(5);
        using var scope = new TensorScope();
        Tensor values = scope.New(new TensorShape(Rows, Columns));
        for (int i = 0; i < Rows * Columns; i++)
        {
            values.Span[i] = 0.1f * (float)rng.NextNormal();
        }

        float[] means = new float[Columns], squares = new float[Columns];
        means.AsSpan().Fill(1);
        squares.AsSpan().Fill(1.2f);
        foreach (string type in (string[])["Q4_0", "Q5_1", "MXFP4", "IQ4_NL"])
        {
            BlockFormat format = BlockFormats.Find(type)!;
            double Bias(ColumnImportance importance)
            {
                ReadOnlyMemory<byte> blocks = new RowQuantizer(Workers.Default).Run(
                    format, values, 0, Rows * Columns, Columns, importance, out QuantizationError error);
                float[] stored = new float[Rows * Columns];
                format.Dequantize(blocks.Span, stored);
                double squared = 0;
                for (int row = 0; row < Rows; row++)
                {
                    double sum = 0;
                    for (int k = 0; k < Columns; k++)
                    {
                        sum += stored[(row * Columns) + k] - values.Span[(row * Columns) + k];
                    }

                    squared += sum * sum;
                }

                error.SquaredError.ShouldBeGreaterThan(0);
                return squared;
            }

            double alone = Bias(new ColumnImportance(squares, new float[Columns])), together = Bias(new ColumnImportance(squares, means));
            together.ShouldBeLessThan(0.75 * alone, type);
        }
    }

    [Fact]
    public void A_scope_without_an_observer_asks_nobody()
    {
        using var scope = new TensorScope();
        scope.ProductObserver.ShouldBeNull();
    }

    private static ModelDifference Measure(Decoder decoder, string type, Importance? importance)
    {
        using var folder = new TemporaryFolder();
        DecoderFolder.Save(decoder, folder["float"]);
        using (StoredModel model = StoredModel.Open(folder["float"]))
        {
            ConversionReport report = ModelConverter.Convert(
                model, folder["model.gguf"], new ConversionOptions { Recipe = QuantizationRecipe.Parse(type, pure: true), Importance = importance });
            report.Tensors.Where(tensor => tensor.Part == "experts").ShouldAllBe(tensor => tensor.To == type && tensor.IsWeighted == (importance != null));
        }

        using StoredModel stored = StoredModel.Open(folder["model.gguf"]);
        using var quantized = new Model(stored.Load(new WeightOptions { IsExact = true }));
        return ModelComparison.Run(Model.Tiny, quantized, s_heldOut.Value, cancellation: TestContext.Current.CancellationToken);
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
