using System.Numerics;

namespace MoeSharp.Text.Templates.Values;

/// <summary>Reads the three number types as one.</summary>
internal static class Number
{
    /// <summary>A whole number: an integer, or a boolean as 1 or 0.</summary>
    public static bool TryInteger(Value? value, out BigInteger number)
    {
        number = value switch
        {
            IntegerValue integer => integer.Number,
            BooleanValue boolean => boolean.IsTrue ? BigInteger.One : BigInteger.Zero,
            _ => default,
        };
        return value is IntegerValue or BooleanValue;
    }

    /// <summary>Any number as a float.</summary>
    public static bool TryFloat(Value? value, out double number)
    {
        if (value is FloatValue real)
        {
            number = real.Number;
            return true;
        }

        bool isInteger = TryInteger(value, out BigInteger integer);
        number = (double)integer;
        return isInteger;
    }

    /// <summary>A position or a count, cut to the range of an index: what lies beyond has no elements anyway.</summary>
    public static bool TryIndex(Value? value, out int index)
    {
        bool isInteger = TryInteger(value, out BigInteger number);
        index = (int)BigInteger.Max(-int.MaxValue, BigInteger.Min(int.MaxValue, number));
        return isInteger;
    }

    /// <summary>Python's equality of a number with anything.</summary>
    public static bool AreEqual(Value left, Value right)
    {
        if (TryInteger(left, out BigInteger a) && TryInteger(right, out BigInteger b))
        {
            return a == b;
        }

        if (!TryFloat(left, out double x) || !TryFloat(right, out double y))
        {
            return false;
        }

        // A whole number beyond 2^53 equals a float only when it is exactly that number.
        if (TryInteger(left, out BigInteger whole) || TryInteger(right, out whole))
        {
            double real = left is FloatValue ? x : y;
            return double.IsFinite(real) && Math.Floor(real) == real && new BigInteger(real) == whole;
        }

        return x == y;
    }
}
