namespace MoeSharp.Tensors.Quantization.Panels.Lanes;

/// <summary>A vector register that holds, for each of <see cref="Rows"/> weight rows, four bytes, two 16-bit numbers, one 32-bit number or one float.</summary>
/// <remarks>One kernel body is written over it, and the JIT makes a copy a width. All operations on whole numbers are exact, so widths agree in every bit.</remarks>
internal unsafe interface ICodeLanes<TSelf>
    where TSelf : struct, ICodeLanes<TSelf>
{
    /// <summary>Rows side by side: 16, 8 or 4.</summary>
    static abstract int Rows { get; }

    /// <summary>Zeros.</summary>
    static abstract TSelf Zero { get; }

    /// <summary>Loads a register.</summary>
    static abstract TSelf Load(void* source);

    /// <summary>Stores a register.</summary>
    static abstract void Store(TSelf value, void* target);

    /// <summary>The same four bytes for every row.</summary>
    static abstract TSelf Broadcast(void* four);

    /// <summary>The same byte everywhere.</summary>
    static abstract TSelf OfBytes(byte value);

    /// <summary>The same 16-bit number everywhere.</summary>
    static abstract TSelf OfShorts(short value);

    /// <summary>The same 32-bit number for every row.</summary>
    static abstract TSelf OfInts(int value);

    /// <summary>The same float for every row.</summary>
    static abstract TSelf OfFloats(float value);

    /// <summary>A table of 16 bytes, for <see cref="LookUp"/>.</summary>
    static abstract TSelf OfTable(ReadOnlySpan<sbyte> table);

    /// <summary>One unsigned byte a row becomes a 32-bit number.</summary>
    static abstract TSelf WidenBytes(byte* source);

    /// <summary>One signed byte a row becomes a 32-bit number.</summary>
    static abstract TSelf WidenSigned(sbyte* source);

    /// <summary>Two unsigned bytes a row become two 16-bit numbers.</summary>
    static abstract TSelf WidenPairs(byte* source);

    /// <summary>One half-precision number a row becomes a float, exactly.</summary>
    static abstract TSelf WidenHalves(Half* source);

    /// <summary>2^(e − 128) for one byte e a row, exactly.</summary>
    static abstract TSelf HalfPowers(byte* exponents);

    /// <summary>The lower 16-bit number of each row in both places.</summary>
    static abstract TSelf Duplicate(TSelf value);

    /// <summary>Bytes of the table, by indices 0…15.</summary>
    static abstract TSelf LookUp(TSelf table, TSelf indices);

    /// <summary>Bitwise and.</summary>
    static abstract TSelf And(TSelf a, TSelf b);

    /// <summary>Bitwise or.</summary>
    static abstract TSelf Or(TSelf a, TSelf b);

    /// <summary>Every 32-bit number shifted to the right, zeros coming in.</summary>
    static abstract TSelf ShiftRight(TSelf value, int count);

    /// <summary>Every 32-bit number shifted to the left.</summary>
    static abstract TSelf ShiftLeft(TSelf value, int count);

    /// <summary>Unsigned bytes times signed bytes, neighbours added: two 16-bit sums a row. The sums must fit.</summary>
    static abstract TSelf ByteProducts(TSelf unsigned, TSelf signed);

    /// <summary>Signed bytes times signed bytes of −127…127, neighbours added: two 16-bit sums a row.</summary>
    static abstract TSelf SignedByteProducts(TSelf weights, TSelf signed);

    /// <summary>16-bit sums, wrapping.</summary>
    static abstract TSelf AddShorts(TSelf a, TSelf b);

    /// <summary>16-bit products, wrapping.</summary>
    static abstract TSelf MultiplyShorts(TSelf a, TSelf b);

    /// <summary>Signed 16-bit products, neighbours added: one 32-bit sum a row.</summary>
    static abstract TSelf PairProducts(TSelf a, TSelf b);

    /// <summary>32-bit sums.</summary>
    static abstract TSelf AddInts(TSelf a, TSelf b);

    /// <summary>32-bit products, wrapping.</summary>
    static abstract TSelf MultiplyInts(TSelf a, TSelf b);

    /// <summary>Signed 32-bit numbers as floats, to nearest even.</summary>
    static abstract TSelf ToFloats(TSelf value);

    /// <summary>Products of floats.</summary>
    static abstract TSelf Multiply(TSelf a, TSelf b);

    /// <summary>Sums of floats.</summary>
    static abstract TSelf Add(TSelf a, TSelf b);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);
}
