using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using MoeSharp.Formats;
using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Analysis.Verification;

/// <summary>Looks at every value of stored tensors: NaN and infinite ones, and experts that are zero throughout.</summary>
/// <remarks>Block types and 8-bit floats are looked at through their values, so a scale that is NaN shows as NaN in its block. MXFP4 has
/// a scale that stands for NaN and is computed with as 2^128: it is looked for by itself. 8-bit floats without scales are looked at as
/// plain numbers. A megabyte or so at a time; nothing of a tensor is kept.</remarks>
internal sealed class WeightScan
{
    private const int ChunkElements = 1 << 18;
    private const uint ExponentBits = 0x7f80_0000;
    private const byte NanScale = 255;

    private readonly TensorSource _source;
    private readonly VerifyReport _report;
    private readonly int _expertCount;
    private readonly float[] _values = new float[ChunkElements];
    private readonly byte[] _bytes = new byte[ChunkElements];

    /// <param name="source">The tensors.</param>
    /// <param name="report">Where findings go.</param>
    /// <param name="expertCount">Experts of a layer, for stacks that are flattened over them; 0 when not known.</param>
    public WeightScan(TensorSource source, VerifyReport report, int expertCount)
    {
        (_source, _report, _expertCount) = (source, report, expertCount);
    }

    /// <summary>Scans all tensors.</summary>
    public void Run(IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        long all = _source.Tensors.Sum(static tensor => tensor.ByteLength), before = 0;
        foreach (StoredTensor tensor in _source.Tensors)
        {
            if (IsScanned(tensor.Type))
            {
                Scan(tensor, done => progress?.Report(new VerifyProgress(before + done, all, tensor.Name)), cancellation);
                _report.ScannedBytes += tensor.ByteLength;
            }

            before += tensor.ByteLength;
        }
    }

    private static bool IsScanned(StoredType type) => type is StoredType.F64 or StoredType.F8E5M2 || type.Format() is not null;

    private void Scan(StoredTensor tensor, Action<long> tell, CancellationToken cancellation)
    {
        int experts = ExpertsOf(tensor);
        long perExpert = experts > 0 ? tensor.ElementCount / experts : tensor.ElementCount;
        long wrong = 0, firstWrong = -1, wrongScales = 0, firstWrongScale = -1;
        List<int> dead = [];
        for (int expert = 0; expert < Math.Max(experts, 1); expert++)
        {
            bool isZero = true;
            for (long done = 0; done < perExpert;)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(ChunkElements, perExpert - done);
                Span<float> values = _values.AsSpan(0, count);
                long first = (expert * perExpert) + done;
                ReadValues(tensor, first, values);
                isZero = isZero && values.IndexOfAnyExcept(0f) < 0;
                (int bad, int at) = CountWrong(values);
                if (bad > 0 && firstWrong < 0)
                {
                    firstWrong = first + at;
                }

                wrong += bad;
                done += count;
                if (tensor.Type == StoredType.MXFP4)
                {
                    ScanScales(tensor, first, count, ref wrongScales, ref firstWrongScale);
                }

                tell((long)((double)(first + count) / tensor.ElementCount * tensor.ByteLength));
            }

            if (experts > 0 && isZero && perExpert > 0)
            {
                dead.Add(expert);
            }
        }

        TellWrong(tensor, wrong, firstWrong);
        TellWrongScales(tensor, wrongScales, firstWrongScale);
        TellDead(tensor, experts, dead);
    }

    private void TellWrong(StoredTensor tensor, long count, long first)
    {
        if (count == 0)
        {
            return;
        }

        Span<float> value = stackalloc float[1];
        ReadValues(tensor, first, value);
        string shown = float.IsNaN(value[0]) ? "NaN" : value[0].ToString(CultureInfo.InvariantCulture);
        long block = first / tensor.Type.BlockLength();
        string place = tensor.Type.IsBlocks() ? $"element {first:N0} (block {block:N0})" : $"element {first:N0}";
        Add(tensor, _source.OffsetOf(tensor, first),
            $"holds {count:N0} value{(count == 1 ? "" : "s")} that {(count == 1 ? "is" : "are")} NaN or infinite, the first ({shown}) at {place}.");
    }

    // Whole blocks: an expert is whole rows, and a chunk a power of two.
    private void ScanScales(StoredTensor tensor, long first, int count, ref long wrong, ref long firstWrong)
    {
        int length = tensor.Type.BlockLength(), size = tensor.Type.BlockBytes();
        Span<byte> blocks = _bytes.AsSpan(0, count / length * size);
        _source.ReadBytes(tensor, first / length * size, blocks);
        for (int i = 0; i < blocks.Length; i += size)
        {
            if (blocks[i] == NanScale)
            {
                firstWrong = firstWrong < 0 ? first + (i / size * length) : firstWrong;
                wrong++;
            }
        }
    }

    private void TellWrongScales(StoredTensor tensor, long count, long first)
    {
        if (count > 0)
        {
            Add(tensor, _source.OffsetOf(tensor, first),
                $"has {count:N0} scale{(count == 1 ? "" : "s")} that {(count == 1 ? "is" : "are")} NaN (255), the first of block {first / tensor.Type.BlockLength():N0}.");
        }
    }

    private void ReadValues(StoredTensor tensor, long first, Span<float> values)
    {
        if (tensor.Type is not (StoredType.F8E4M3 or StoredType.F8E5M2))
        {
            _source.ReadFloat32(tensor, first, values);
            return;
        }

        if (_source.ReadFloat8(tensor, first, values))
        {
            return;
        }

        Span<byte> codes = _bytes.AsSpan(0, values.Length);
        _source.ReadBytes(tensor, first, codes);
        for (int i = 0; i < codes.Length; i++)
        {
            // E5M2 is the upper half of an IEEE half.
            values[i] = tensor.Type == StoredType.F8E4M3
                ? Float8Kernel.Widen(codes[i])
                : (float)BitConverter.UInt16BitsToHalf((ushort)(codes[i] << 8));
        }
    }

    private void TellDead(StoredTensor tensor, int experts, List<int> dead)
    {
        if (dead.Count == 0)
        {
            return;
        }

        string which = string.Join(", ", dead.Take(8)) + (dead.Count > 8 ? $" and {dead.Count - 8} more" : "");
        Add(tensor, _source.OffsetOf(tensor, tensor.ElementCount / experts * dead[0]), experts == 1 && dead.Count == 1
            ? "is zero throughout: the expert is dead."
            : $"{dead.Count} of {experts} experts are zero throughout (dead): {which}.");
    }

    private void Add(StoredTensor tensor, long offset, string message) =>
        _report.Add(new VerifyFinding(Path.GetFileName(tensor.File), $"tensor '{tensor.Name}'", offset, message, IsFault: true));

    /// <summary>How many experts a tensor stacks: 1 for the matrix of one expert, 0 for tensors of other parts.</summary>
    private int ExpertsOf(StoredTensor tensor)
    {
        string name = tensor.Name;
        bool isExpert = name.Contains("_exps.", StringComparison.Ordinal) || name.Contains(".experts.", StringComparison.Ordinal)
            || name.Contains(".ffn_gate.", StringComparison.Ordinal) || name.Contains(".ffn_up.", StringComparison.Ordinal)
            || name.Contains(".ffn_down.", StringComparison.Ordinal)
            || name.EndsWith("input_linear.weight", StringComparison.Ordinal) || name.EndsWith("output_linear.weight", StringComparison.Ordinal);
        if (!isExpert || name.Contains("bias", StringComparison.Ordinal) || tensor.Shape.Count < 2)
        {
            return 0;
        }

        if (tensor.Shape.Count == 3)
        {
            return tensor.Shape[0] <= int.MaxValue ? (int)tensor.Shape[0] : 0;
        }

        bool isFlattened = name.Contains(".experts.mlp.", StringComparison.Ordinal); // DBRX: [E·F, D]
        bool isOne = name.Contains(".experts.", StringComparison.Ordinal) || name.Split('.') is { Length: > 3 } parts && int.TryParse(parts[^2], out _);
        return !isFlattened ? (isOne ? 1 : 0) : _expertCount > 0 && tensor.Shape[0] % _expertCount == 0 ? _expertCount : 0;
    }

    /// <summary>Values whose exponent is all ones, and where the first is.</summary>
    private static (int Count, int First) CountWrong(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        var mask = new Vector<uint>(ExponentBits);
        Vector<uint> found = Vector<uint>.Zero;
        int i = 0;
        for (; i + Vector<uint>.Count <= bits.Length; i += Vector<uint>.Count)
        {
            found |= Vector.Equals(new Vector<uint>(bits.Slice(i, Vector<uint>.Count)) & mask, mask);
        }

        bool any = found != Vector<uint>.Zero;
        for (; i < bits.Length; i++)
        {
            any |= (bits[i] & ExponentBits) == ExponentBits;
        }

        if (!any)
        {
            return (0, -1);
        }

        (int count, int first) = (0, -1);
        for (int j = bits.Length - 1; j >= 0; j--)
        {
            if ((bits[j] & ExponentBits) == ExponentBits)
            {
                (count, first) = (count + 1, j);
            }
        }

        return (count, first);
    }
}
