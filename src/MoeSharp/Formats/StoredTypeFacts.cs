using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Formats;

/// <summary>Name and size of each <see cref="StoredType"/>, and its number in GGUF files.</summary>
public static class StoredTypeFacts
{
    // Name, bits of an element (0 for blocks), elements and bytes of a block, number in GGUF files (-1: not a type of GGUF).
    private static readonly Fact[] s_facts =
    [
        Plain("BOOL", 8), Plain("F4", 4), Plain("F6_E2M3", 6), Plain("F6_E3M2", 6), Plain("U8", 8), Plain("I8", 8, 24),
        Plain("F8_E5M2", 8), Plain("F8_E4M3", 8), Plain("F8_E8M0", 8), Plain("F8_E4M3FNUZ", 8), Plain("F8_E5M2FNUZ", 8),
        Plain("I16", 16, 25), Plain("U16", 16), Plain("F16", 16, 1), Plain("BF16", 16, 30),
        Plain("I32", 32, 26), Plain("U32", 32), Plain("F32", 32, 0),
        Plain("C64", 64), Plain("F64", 64, 28), Plain("I64", 64, 27), Plain("U64", 64),
        new("Q4_0", 0, 32, 18, 2), new("Q4_1", 0, 32, 20, 3), new("Q5_0", 0, 32, 22, 6), new("Q5_1", 0, 32, 24, 7),
        new("Q8_0", 0, 32, 34, 8), new("Q8_1", 0, 32, 36, 9),
        new("Q2_K", 0, 256, 84, 10), new("Q3_K", 0, 256, 110, 11), new("Q4_K", 0, 256, 144, 12), new("Q5_K", 0, 256, 176, 13),
        new("Q6_K", 0, 256, 210, 14), new("Q8_K", 0, 256, 292, 15),
        new("IQ2_XXS", 0, 256, 66, 16), new("IQ2_XS", 0, 256, 74, 17), new("IQ3_XXS", 0, 256, 98, 18), new("IQ1_S", 0, 256, 50, 19),
        new("IQ4_NL", 0, 32, 18, 20), new("IQ3_S", 0, 256, 110, 21), new("IQ2_S", 0, 256, 82, 22), new("IQ4_XS", 0, 256, 136, 23),
        new("IQ1_M", 0, 256, 56, 29), new("TQ1_0", 0, 256, 54, 34), new("TQ2_0", 0, 256, 66, 35),
        new("MXFP4", 0, 32, 17, 39), new("NVFP4", 0, 64, 36, 40), new("Q1_0", 0, 128, 18, 41), new("Q2_0", 0, 64, 18, 42),
    ];

    private static readonly Dictionary<string, StoredType> s_byName = ByName();
    private static readonly Dictionary<int, StoredType> s_byGgmlType = ByGgmlType();

    /// <summary>The name files use: <c>F32</c>, <c>BF16</c>, <c>F8_E4M3</c>, <c>Q4_K</c>.</summary>
    public static string Name(this StoredType type) => s_facts[(int)type].Name;

    /// <summary>Bits one element takes; 4 and 6 for the packed types, else a multiple of 8.</summary>
    /// <exception cref="ArgumentException">The type has blocks, whose scales belong to no single element.</exception>
    public static int Bits(this StoredType type) => type.IsBlocks()
        ? throw new ArgumentException($"{type.Name()}: elements of a block type have no size of their own. Use BytesOf.", nameof(type))
        : s_facts[(int)type].Bits;

    /// <summary>True for GGUF's types of blocks with common scales.</summary>
    public static bool IsBlocks(this StoredType type) => s_facts[(int)type].Bits == 0;

    /// <summary>Elements of a block: 1 for plain types. A row is a whole number of blocks.</summary>
    public static int BlockLength(this StoredType type) => s_facts[(int)type].BlockLength;

    /// <summary>Bytes of a block.</summary>
    /// <exception cref="ArgumentException">A type of 4 or 6 bits, which has no blocks.</exception>
    public static int BlockBytes(this StoredType type) => s_facts[(int)type].BlockBytes is > 0 and var bytes
        ? bytes
        : throw new ArgumentException($"{type.Name()}: an element is no whole number of bytes. Use Bits.", nameof(type));

    /// <summary>How the numbers are computed with; <see langword="null"/> for types that no product takes (integers, F64).</summary>
    public static BlockFormat? Format(this StoredType type) => type == StoredType.F8E4M3 ? BlockFormats.F8E4M3 : BlockFormats.Find(type.Name());

    /// <summary>The type that stores a format.</summary>
    /// <exception cref="ArgumentException">No file has such a type.</exception>
    public static StoredType OfFormat(BlockFormat format) => s_byGgmlType.TryGetValue(format.GgmlType, out StoredType type)
        ? type
        : throw new ArgumentException($"{format.Name}: is not a type of files.", nameof(format));

    /// <summary>The number of the type in GGUF files; <see langword="null"/> for types that GGUF has not.</summary>
    public static int? GgmlType(this StoredType type) => s_facts[(int)type].GgmlType is >= 0 and var number ? number : null;

    /// <summary>Finds the type of a number in a GGUF file; false for unknown and removed ones.</summary>
    public static bool TryFromGgml(uint number, out StoredType type)
    {
        type = default;
        return number <= int.MaxValue && s_byGgmlType.TryGetValue((int)number, out type);
    }

    /// <summary>Finds a type of safetensors by its exact name; case matters, as in the format. Block types are not among them.</summary>
    public static bool TryParse(string name, out StoredType type) => s_byName.TryGetValue(name, out type) && !type.IsBlocks();

    private static Fact Plain(string name, int bits, int ggmlType = -1) => new(name, bits, 1, bits % 8 == 0 ? bits / 8 : 0, ggmlType);

    private static Dictionary<string, StoredType> ByName()
    {
        var types = new Dictionary<string, StoredType>(StringComparer.Ordinal);
        for (int i = 0; i < s_facts.Length; i++)
        {
            types.Add(s_facts[i].Name, (StoredType)i);
        }

        return types;
    }

    private static Dictionary<int, StoredType> ByGgmlType()
    {
        var types = new Dictionary<int, StoredType>();
        for (int i = 0; i < s_facts.Length; i++)
        {
            if (s_facts[i].GgmlType >= 0)
            {
                types.Add(s_facts[i].GgmlType, (StoredType)i);
            }
        }

        return types;
    }

    private readonly record struct Fact(string Name, int Bits, int BlockLength, int BlockBytes, int GgmlType);
}
