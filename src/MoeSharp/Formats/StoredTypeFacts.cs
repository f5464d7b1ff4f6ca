using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Formats;

/// <summary>Name and width of each <see cref="StoredType"/>.</summary>
public static class StoredTypeFacts
{
    private static readonly (string Name, int Bits)[] s_facts =
    [
        ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8),
        ("F8_E5M2", 8), ("F8_E4M3", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8),
        ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16), ("I32", 32), ("U32", 32), ("F32", 32),
        ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    ];

    private static readonly Dictionary<string, StoredType> s_byName = ByName();

    /// <summary>The name files use: <c>F32</c>, <c>BF16</c>, <c>F8_E4M3</c>.</summary>
    public static string Name(this StoredType type) => s_facts[(int)type].Name;

    /// <summary>Bits one element takes; 4 and 6 for the packed types, else a multiple of 8.</summary>
    public static int Bits(this StoredType type) => s_facts[(int)type].Bits;

    /// <summary>The format in which weights of a type are multiplied; null for types that are no weights.</summary>
    public static BlockFormat? Format(this StoredType type) => type switch
    {
        StoredType.F32 => BlockFormats.F32,
        StoredType.F16 => BlockFormats.F16,
        StoredType.BF16 => BlockFormats.BF16,
        _ => null,
    };

    /// <summary>Finds a type by its exact name; case matters, as in the format.</summary>
    public static bool TryParse(string name, out StoredType type) => s_byName.TryGetValue(name, out type);

    private static Dictionary<string, StoredType> ByName()
    {
        var types = new Dictionary<string, StoredType>(StringComparer.Ordinal);
        for (int i = 0; i < s_facts.Length; i++)
        {
            types.Add(s_facts[i].Name, (StoredType)i);
        }

        return types;
    }
}
