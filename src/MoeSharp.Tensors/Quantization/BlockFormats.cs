using MoeSharp.Tensors.Quantization.Floats;
using MoeSharp.Tensors.Quantization.IQ1M;
using MoeSharp.Tensors.Quantization.IQ1S;
using MoeSharp.Tensors.Quantization.IQ2S;
using MoeSharp.Tensors.Quantization.IQ2XS;
using MoeSharp.Tensors.Quantization.IQ2XXS;
using MoeSharp.Tensors.Quantization.IQ3S;
using MoeSharp.Tensors.Quantization.IQ3XXS;
using MoeSharp.Tensors.Quantization.IQ4NL;
using MoeSharp.Tensors.Quantization.IQ4XS;
using MoeSharp.Tensors.Quantization.MXFP4;
using MoeSharp.Tensors.Quantization.NVFP4;
using MoeSharp.Tensors.Quantization.Q10;
using MoeSharp.Tensors.Quantization.Q20;
using MoeSharp.Tensors.Quantization.Q2K;
using MoeSharp.Tensors.Quantization.Q3K;
using MoeSharp.Tensors.Quantization.Q40;
using MoeSharp.Tensors.Quantization.Q41;
using MoeSharp.Tensors.Quantization.Q4K;
using MoeSharp.Tensors.Quantization.Q50;
using MoeSharp.Tensors.Quantization.Q51;
using MoeSharp.Tensors.Quantization.Q5K;
using MoeSharp.Tensors.Quantization.Q6K;
using MoeSharp.Tensors.Quantization.Q80;
using MoeSharp.Tensors.Quantization.Q8K;
using MoeSharp.Tensors.Quantization.TQ10;
using MoeSharp.Tensors.Quantization.TQ20;

namespace MoeSharp.Tensors.Quantization;

/// <summary>All formats that are known, by name and by their number in GGUF files.</summary>
public static class BlockFormats
{
    /// <summary>32-bit floats.</summary>
    public static BlockFormat F32 { get; } = new F32Format();

    /// <summary>16-bit IEEE floats.</summary>
    public static BlockFormat F16 { get; } = new F16Format();

    /// <summary>The upper halves of 32-bit floats.</summary>
    public static BlockFormat BF16 { get; } = new BF16Format();

    /// <summary>8-bit floats, whose scales stand beside them; in no GGUF file, so not one of <see cref="All"/>.</summary>
    public static BlockFormat F8E4M3 { get; } = new F8E4M3Format();

    /// <summary>Every format of GGUF files.</summary>
    public static IReadOnlyList<BlockFormat> All { get; } = [
        F32, F16, BF16,
        new Q40Format(), new Q41Format(), new Q50Format(), new Q51Format(), new Q80Format(),
        new Q2KFormat(), new Q3KFormat(), new Q4KFormat(), new Q5KFormat(), new Q6KFormat(),
        new IQ4NLFormat(), new IQ4XSFormat(), new MXFP4Format(), new NVFP4Format(),
        new IQ1SFormat(), new IQ1MFormat(), new IQ2XXSFormat(), new IQ2XSFormat(), new IQ2SFormat(), new IQ3XXSFormat(), new IQ3SFormat(),
        new TQ10Format(), new TQ20Format(), new Q10Format(), new Q20Format(), new Q8KFormat(),
    ];

    /// <summary>The format of a name, in any case; null when it is not known.</summary>
    public static BlockFormat? Find(string name)
    {
        foreach (BlockFormat format in All)
        {
            if (string.Equals(format.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return format;
            }
        }

        return null;
    }

    /// <summary>The format of a type number in a GGUF file; null when it is not known.</summary>
    public static BlockFormat? FindGgml(int type)
    {
        foreach (BlockFormat format in All)
        {
            if (format.GgmlType == type)
            {
                return format;
            }
        }

        return null;
    }
}
