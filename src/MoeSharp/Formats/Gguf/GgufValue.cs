using System.Globalization;
using System.Text;

namespace MoeSharp.Formats.Gguf;

/// <summary>One metadata value: a number, true or false, a text, or an array of one of these.</summary>
/// <remarks>
/// <para>Keeps the type of the file, so that what is read is written back to the same bytes. Immutable as long as nobody writes to
/// an array it was made from.</para>
/// <para>Texts are bytes: valid UTF-8 by convention, shown with U+FFFD where they are not.</para>
/// </remarks>
public sealed class GgufValue
{
    private GgufValue(GgufValueType type, object content, GgufValueType elementType = default)
    {
        Type = type;
        Content = content;
        ElementType = elementType;
    }

    /// <summary>Its type.</summary>
    public GgufValueType Type { get; }

    /// <summary>Type of the elements of an array; meaningless for other values.</summary>
    public GgufValueType ElementType { get; }

    /// <summary>Elements of an array; 1 for other values.</summary>
    public int Count => Content switch
    {
        GgufTexts texts => texts.Count,
        Array array when Type == GgufValueType.Array => array.Length,
        _ => 1,
    };

    /// <summary>The number, flag, bytes of a text, typed array, <see cref="GgufTexts"/>, or <c>GgufValue[]</c> of inner arrays.</summary>
    internal object Content { get; }

    /// <summary>An unsigned 8-bit number.</summary>
    public static GgufValue Of(byte value) => new(GgufValueType.UInt8, value);

    /// <summary>A signed 8-bit number.</summary>
    public static GgufValue Of(sbyte value) => new(GgufValueType.Int8, value);

    /// <summary>An unsigned 16-bit number.</summary>
    public static GgufValue Of(ushort value) => new(GgufValueType.UInt16, value);

    /// <summary>A signed 16-bit number.</summary>
    public static GgufValue Of(short value) => new(GgufValueType.Int16, value);

    /// <summary>An unsigned 32-bit number: what most counts are.</summary>
    public static GgufValue Of(uint value) => new(GgufValueType.UInt32, value);

    /// <summary>A signed 32-bit number.</summary>
    public static GgufValue Of(int value) => new(GgufValueType.Int32, value);

    /// <summary>An unsigned 64-bit number.</summary>
    public static GgufValue Of(ulong value) => new(GgufValueType.UInt64, value);

    /// <summary>A signed 64-bit number.</summary>
    public static GgufValue Of(long value) => new(GgufValueType.Int64, value);

    /// <summary>A 32-bit float.</summary>
    public static GgufValue Of(float value) => new(GgufValueType.Float32, value);

    /// <summary>A 64-bit float.</summary>
    public static GgufValue Of(double value) => new(GgufValueType.Float64, value);

    /// <summary>True or false.</summary>
    public static GgufValue Of(bool value) => new(GgufValueType.Bool, value);

    /// <summary>A text.</summary>
    public static GgufValue Of(string value) => new(GgufValueType.Text, Encoding.UTF8.GetBytes(value));

    /// <summary>An array of texts.</summary>
    public static GgufValue Of(GgufTexts values) => new(GgufValueType.Array, values, GgufValueType.Text);

    /// <summary>An array of numbers or flags: of any type that a single value may have.</summary>
    /// <exception cref="ArgumentException">Another element type.</exception>
    public static GgufValue Of<T>(T[] values)
        where T : unmanaged => new(GgufValueType.Array, values, values switch
        {
            // Asked for by element type: an array of int also is an array of uint to a type test.
            _ when typeof(T) == typeof(byte) => GgufValueType.UInt8,
            _ when typeof(T) == typeof(sbyte) => GgufValueType.Int8,
            _ when typeof(T) == typeof(ushort) => GgufValueType.UInt16,
            _ when typeof(T) == typeof(short) => GgufValueType.Int16,
            _ when typeof(T) == typeof(uint) => GgufValueType.UInt32,
            _ when typeof(T) == typeof(int) => GgufValueType.Int32,
            _ when typeof(T) == typeof(ulong) => GgufValueType.UInt64,
            _ when typeof(T) == typeof(long) => GgufValueType.Int64,
            _ when typeof(T) == typeof(float) => GgufValueType.Float32,
            _ when typeof(T) == typeof(double) => GgufValueType.Float64,
            _ when typeof(T) == typeof(bool) => GgufValueType.Bool,
            _ => throw new ArgumentException($"GGUF has no arrays of {typeof(T).Name}.", nameof(values)),
        });

    /// <summary>An array of arrays.</summary>
    /// <exception cref="ArgumentException">One of the values is no array.</exception>
    public static GgufValue Of(GgufValue[] arrays) => Array.TrueForAll(arrays, static value => value.Type == GgufValueType.Array)
        ? new(GgufValueType.Array, arrays, GgufValueType.Array)
        : throw new ArgumentException("a nested array must hold arrays only.", nameof(arrays));

    /// <summary>A text from its bytes.</summary>
    internal static GgufValue OfBytes(byte[] text) => new(GgufValueType.Text, text);

    /// <summary>A whole number of any width that fits into 64 signed bits.</summary>
    public bool TryGetInteger(out long number)
    {
        (bool isInteger, number) = Content switch
        {
            byte value => (true, value),
            sbyte value => (true, value),
            ushort value => (true, value),
            short value => (true, value),
            uint value => (true, value),
            int value => (true, value),
            long value => (true, value),
            ulong and <= long.MaxValue => (true, (long)(ulong)Content),
            _ => (false, 0L),
        };
        return isInteger;
    }

    /// <summary>A float, or a whole number as a float.</summary>
    public bool TryGetNumber(out double number)
    {
        (bool isNumber, number) = Content switch
        {
            float value => (true, value),
            double value => (true, value),
            _ => TryGetInteger(out long integer) ? (true, integer) : (false, 0.0),
        };
        return isNumber;
    }

    /// <summary>True or false.</summary>
    public bool TryGetFlag(out bool flag)
    {
        flag = Content is true;
        return Content is bool;
    }

    /// <summary>A text.</summary>
    public bool TryGetText(out string text)
    {
        bool isText = Type == GgufValueType.Text;
        text = isText ? Encoding.UTF8.GetString((byte[])Content) : "";
        return isText;
    }

    /// <summary>An array of texts.</summary>
    public bool TryGetTexts(out GgufTexts texts)
    {
        texts = Content as GgufTexts ?? new GgufTexts([], []);
        return Content is GgufTexts;
    }

    /// <summary>An array of whole numbers of any width, each in 32 signed bits.</summary>
    public bool TryGetIntegers(out int[] numbers)
    {
        numbers = [];
        if (Type != GgufValueType.Array || Content is not Array array || ElementType is GgufValueType.Bool)
        {
            return false;
        }

        if (ElementType == GgufValueType.Int32)
        {
            numbers = (int[])array;
            return true;
        }

        var result = new int[array.Length];
        for (int i = 0; i < result.Length; i++)
        {
            if (!Element(array, i).TryGetInteger(out long number) || number is < int.MinValue or > int.MaxValue)
            {
                return false;
            }

            result[i] = (int)number;
        }

        numbers = result;
        return true;
    }

    /// <summary>An array of floats, or of whole numbers as floats.</summary>
    public bool TryGetNumbers(out float[] numbers)
    {
        numbers = [];
        if (Type != GgufValueType.Array || Content is not Array array || ElementType is GgufValueType.Bool)
        {
            return false;
        }

        if (ElementType == GgufValueType.Float32)
        {
            numbers = (float[])array;
            return true;
        }

        var result = new float[array.Length];
        for (int i = 0; i < result.Length; i++)
        {
            if (!Element(array, i).TryGetNumber(out double number))
            {
                return false;
            }

            result[i] = (float)number;
        }

        numbers = result;
        return true;
    }

    /// <summary>An array of flags.</summary>
    public bool TryGetFlags(out bool[] flags)
    {
        flags = Content as bool[] ?? [];
        return Content is bool[];
    }

    /// <summary>The inner arrays of a nested one.</summary>
    public bool TryGetArrays(out IReadOnlyList<GgufValue> arrays)
    {
        arrays = Content as GgufValue[] ?? [];
        return Content is GgufValue[];
    }

    /// <summary>The value as text for people; an array as its type and count.</summary>
    public override string ToString() => Content switch
    {
        bool flag => flag ? "true" : "false",
        byte[] when Type == GgufValueType.Text => TryGetText(out string text) ? text : "",
        _ when Type == GgufValueType.Array => $"{ElementType}[{Count}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => "",
    };

    private GgufValue Element(Array array, int index) => ElementType switch
    {
        GgufValueType.UInt8 => Of(((byte[])array)[index]),
        GgufValueType.Int8 => Of(((sbyte[])array)[index]),
        GgufValueType.UInt16 => Of(((ushort[])array)[index]),
        GgufValueType.Int16 => Of(((short[])array)[index]),
        GgufValueType.UInt32 => Of(((uint[])array)[index]),
        GgufValueType.Int32 => Of(((int[])array)[index]),
        GgufValueType.UInt64 => Of(((ulong[])array)[index]),
        GgufValueType.Int64 => Of(((long[])array)[index]),
        GgufValueType.Float32 => Of(((float[])array)[index]),
        GgufValueType.Float64 => Of(((double[])array)[index]),
        _ => ((GgufValue[])array)[index],
    };
}
