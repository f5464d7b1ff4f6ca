namespace MoeSharp.Tensors.Kernels.Lanes;

/// <summary>A SIMD register of floats, of any width: kernels are written once over it.</summary>
/// <remarks>
/// Every operation but <see cref="Sum"/> and <see cref="Max(TSelf)"/> works lane by lane with IEEE rounding, so a chain of them
/// gives the same bits at every width, one lane (<see cref="Lanes1"/>) included.
/// </remarks>
internal interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Broadcast(float value);

    static abstract unsafe TSelf Load(float* source);

    static abstract unsafe void Store(TSelf value, float* destination);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Min(TSelf a, TSelf b);

    static abstract TSelf Max(TSelf a, TSelf b);

    static abstract TSelf Sqrt(TSelf value);

    static abstract TSelf Abs(TSelf value);

    /// <summary>Nearest whole number, ties to even.</summary>
    static abstract TSelf Round(TSelf value);

    /// <summary>2ⁿ for whole n in [−126, 127]; n = −127 gives 0.</summary>
    static abstract TSelf Pow2(TSelf wholeNumber);

    /// <summary>Where <paramref name="a"/> &gt; <paramref name="b"/> (false for NaN) the lanes of <paramref name="yes"/>, elsewhere of <paramref name="no"/>.</summary>
    static abstract TSelf IfGreater(TSelf a, TSelf b, TSelf yes, TSelf no);

    /// <summary>Sum of the lanes, by halves: a fixed tree.</summary>
    static abstract float Sum(TSelf value);

    /// <summary>The largest lane; NaN if any lane is.</summary>
    static abstract float Max(TSelf value);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator -(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, TSelf right);

    static abstract TSelf operator /(TSelf left, TSelf right);
}
