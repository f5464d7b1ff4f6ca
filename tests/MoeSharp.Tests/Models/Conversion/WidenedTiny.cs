using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>The built-in model with every row twice as long and the same answers: 256 columns, so that formats of large blocks can hold it.</summary>
/// <remarks>Hidden and expert sizes are doubled by writing every number of the residual stream twice: a weight's outputs stand twice, and its inputs
/// twice at half the size. RMS norms do not see the difference.</remarks>
internal static class WidenedTiny
{
    public static Decoder Create()
    {
        Decoder tiny = Model.Tiny.Decoder;
        DecoderConfig config = tiny.Config with
        {
            HiddenSize = 2 * tiny.Config.HiddenSize,
            IsTied = false,
            Experts = tiny.Config.Experts! with { IntermediateSize = 2 * tiny.Config.Experts.IntermediateSize },
        };
        var wide = new Decoder(config);
        foreach ((string name, Tensor target) in wide.State)
        {
            Tensor source = tiny.State[name == "head.weight" ? "embedding.weight" : name];
            Fill(source, target, halvesInputs: name != "embedding.weight" && source.Shape.Rank > 1);
        }

        return wide;
    }

    private static void Fill(Tensor source, Tensor target, bool halvesInputs)
    {
        int matrices = source.Shape.Rank == 3 ? (int)source.Shape[0] : 1;
        long rows = source.Shape.Rows / matrices, wideRows = target.Shape.Rows / matrices;
        for (int matrix = 0; matrix < matrices; matrix++)
        {
            for (long row = 0; row < wideRows; row++)
            {
                ReadOnlySpan<float> from = source.Row((matrix * rows) + (row % rows));
                Span<float> to = target.Row((matrix * wideRows) + row);
                float scale = halvesInputs && to.Length > from.Length ? 0.5f : 1;
                for (int i = 0; i < to.Length; i++)
                {
                    to[i] = scale * from[i % from.Length];
                }
            }
        }
    }
}
