using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Storage;

/// <summary>Small arithmetic on the codes of a group; lengths are multiples of 16.</summary>
internal static class CodeValues
{
    /// <summary>values = scale·codes.</summary>
    public static void Scale(ReadOnlySpan<sbyte> codes, float scale, Span<float> values)
    {
        ref sbyte source = ref MemoryMarshal.GetReference(codes);
        ref float target = ref MemoryMarshal.GetReference(values[..codes.Length]);
        Vector128<float> factor = Vector128.Create(scale);
        for (nuint i = 0; i < (nuint)codes.Length; i += 16)
        {
            (Vector128<short> lower, Vector128<short> upper) = Vector128.Widen(Vector128.LoadUnsafe(ref source, i));
            (Vector128<int> a, Vector128<int> b) = Vector128.Widen(lower);
            (Vector128<int> c, Vector128<int> d) = Vector128.Widen(upper);
            (Vector128.ConvertToSingle(a) * factor).StoreUnsafe(ref target, i);
            (Vector128.ConvertToSingle(b) * factor).StoreUnsafe(ref target, i + 4);
            (Vector128.ConvertToSingle(c) * factor).StoreUnsafe(ref target, i + 8);
            (Vector128.ConvertToSingle(d) * factor).StoreUnsafe(ref target, i + 12);
        }
    }

    /// <summary>values += offset, in a pass of its own so that the product before is rounded.</summary>
    public static void Add(float offset, Span<float> values)
    {
        ref float target = ref MemoryMarshal.GetReference(values);
        Vector128<float> term = Vector128.Create(offset);
        for (nuint i = 0; i < (nuint)values.Length; i += 4)
        {
            (Vector128.LoadUnsafe(ref target, i) + term).StoreUnsafe(ref target, i);
        }
    }

    /// <summary>codes −= bias: stored codes are not negative.</summary>
    public static void Subtract(sbyte bias, Span<sbyte> codes)
    {
        ref sbyte target = ref MemoryMarshal.GetReference(codes);
        Vector128<sbyte> term = Vector128.Create(bias);
        for (nuint i = 0; i < (nuint)codes.Length; i += 16)
        {
            (Vector128.LoadUnsafe(ref target, i) - term).StoreUnsafe(ref target, i);
        }
    }

    /// <summary>codes = table[codes], for codes 0…15.</summary>
    public static void LookUp(ReadOnlySpan<sbyte> table, Span<sbyte> codes)
    {
        ref sbyte target = ref MemoryMarshal.GetReference(codes);
        Vector128<sbyte> values = Vector128.Create(table);
        for (nuint i = 0; i < (nuint)codes.Length; i += 16)
        {
            Vector128.Shuffle(values, Vector128.LoadUnsafe(ref target, i)).StoreUnsafe(ref target, i);
        }
    }
}
