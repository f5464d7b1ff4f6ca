using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>Where the bits of codes stand in the bytes of a block: read and written by the same table.</summary>
/// <remarks>Source: block layouts of ggml (ggml-common.h, ggml-quants.c), MIT.</remarks>
internal sealed class CodeLayout
{
    private readonly CodePlane[] _planes;

    private CodeLayout(params IEnumerable<CodePlane> planes) => _planes = [.. planes];

    /// <summary>4 bits: in every run of bytes the low halves are one run of codes, the high halves the next.</summary>
    public static CodeLayout Nibbles(int runBytes, int length) => Fields(4, runBytes, length, 0);

    /// <summary>Fields of <paramref name="bits"/> bits: in every run of bytes the lowest fields are one run of codes, and so on upwards.</summary>
    /// <param name="bits">1, 2 or 4.</param>
    /// <param name="runBytes">Bytes of a run.</param>
    /// <param name="length">Codes in all.</param>
    /// <param name="up">Where the fields belong in the codes.</param>
    public static CodeLayout Fields(int bits, int runBytes, int length, int up)
    {
        int fields = 8 / bits;
        return new CodeLayout(
            from run in Enumerable.Range(0, length / (runBytes * fields))
            from field in Enumerable.Range(0, fields)
            select new CodePlane(run * runBytes, ((run * fields) + field) * runBytes, runBytes, field * bits, bits, up));
    }

    /// <summary>Puts the fields into the codes: planes of the lowest bits set them, others are added.</summary>
    public void Read(ReadOnlySpan<byte> bytes, Span<sbyte> codes)
    {
        foreach (CodePlane plane in _planes)
        {
            ReadOnlySpan<byte> source = bytes.Slice(plane.Source, plane.Count);
            Span<byte> target = MemoryMarshal.AsBytes(codes.Slice(plane.Start, plane.Count));
            byte mask = Mask(plane);
            int i = 0;
            for (; i <= plane.Count - Vector128<byte>.Count; i += Vector128<byte>.Count)
            {
                Vector128<byte> field = (Vector128.Create(source[i..]) >> plane.Shift) & Vector128.Create(mask);
                if (plane.Up > 0)
                {
                    field = (field << plane.Up) | Vector128.Create<byte>(target[i..]);
                }

                field.CopyTo(target[i..]);
            }

            for (; i < plane.Count; i++)
            {
                int field = (source[i] >> plane.Shift) & mask;
                target[i] = (byte)(plane.Up > 0 ? target[i] | (field << plane.Up) : field);
            }
        }
    }

    /// <summary>Adds the fields of the codes to bytes that are zero before.</summary>
    public void Write(ReadOnlySpan<byte> codes, Span<byte> bytes)
    {
        foreach (CodePlane plane in _planes)
        {
            ReadOnlySpan<byte> source = codes.Slice(plane.Start, plane.Count);
            Span<byte> target = bytes.Slice(plane.Source, plane.Count);
            int mask = Mask(plane);
            for (int i = 0; i < source.Length; i++)
            {
                target[i] |= (byte)(((source[i] >> plane.Up) & mask) << plane.Shift);
            }
        }
    }

    private static byte Mask(CodePlane plane) => (byte)((1 << plane.Bits) - 1);
}
