using MoeSharp.Analysis.Planning;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis;

/// <summary>A decoder of any shape and format with random weights, made in memory: for measuring speeds.</summary>
public static class SyntheticModel
{
    private const int PatternRows = 16;
    private const int TokenRows = 1024; // so many different tokens, or they would all visit the same experts
    private const float Deviation = 0.02f;

    /// <summary>Makes the model.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="format">How matrices are stored, where their rows are whole blocks (<see cref="StorageRule"/>); routers and norms are F32.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <param name="isExact">True to multiply block formats in float32.</param>
    /// <exception cref="ArgumentException">The weights do not fit into the memory of this machine.</exception>
    public static Decoder Create(DecoderConfig config, BlockFormat format, ulong seed = 1, bool isExact = false)
    {
        IReadOnlyList<PlannedWeight> planned = PlannedWeight.ListOf(config);
        long bytes = planned.Sum(weight => StorageRule.FormatOf(weight, format).BytesOf(weight.Shape.Length));
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > memory / 10 * 9)
        {
            throw new ArgumentException(
                $"the model would take {bytes / 1e9:F1} GB, and this machine has {memory / 1e9:F1} GB. Take fewer layers or a smaller type.", nameof(config));
        }

        var decoder = new Decoder(config);
        for (int i = 0; i < decoder.Parameters.Count; i++)
        {
            Parameter parameter = decoder.Parameters[i];
            var rng = new Rng(seed, stream: (ulong)i + 1);
            if (parameter.CanPack)
            {
                int rows = parameter == decoder.Embedding.Weight ? TokenRows : PatternRows;
                parameter.Pack(Pack(parameter.Shape, StorageRule.FormatOf(planned[i], format), rng, rows, isExact));
            }
            else if (parameter.Shape.Rank >= 2)
            {
                for (long row = 0; row < parameter.Shape.Rows; row++)
                {
                    rng.FillNormal(parameter.Value.Row(row), Deviation);
                }
            }
            else if (parameter.Name.EndsWith("bias", StringComparison.Ordinal))
            {
                parameter.Value.Fill(0);
            }
            else
            {
                parameter.Value.Fill(1);
            }
        }

        return decoder;
    }

    // A few rows are quantised and repeated: speed does not depend on values, and memory is what it would be.
    private static PackedWeight Pack(TensorShape shape, BlockFormat format, Rng rng, int patternRows, bool isExact)
    {
        var weight = new PackedWeight(format, shape) { IsExact = isExact };
        int columns = (int)shape.Columns, rowBytes = (int)format.BytesOf(columns);
        byte[] pattern = new byte[patternRows * rowBytes];
        float[] values = new float[columns];
        for (int row = 0; row < patternRows; row++)
        {
            rng.FillNormal(values, Deviation);
            format.Quantize(values, pattern.AsSpan(row * rowBytes, rowBytes));
        }

        for (long done = 0; done < weight.ByteLength; done += pattern.Length)
        {
            int length = (int)Math.Min(pattern.Length, weight.ByteLength - done);
            pattern.AsSpan(0, length).CopyTo(weight.Bytes(done, length));
        }

        GC.KeepAlive(weight);
        return weight;
    }
}
