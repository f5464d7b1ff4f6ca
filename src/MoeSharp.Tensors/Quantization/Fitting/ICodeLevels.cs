using System.Runtime.Intrinsics;

namespace MoeSharp.Tensors.Quantization.Fitting;

/// <summary>The numbers that a code can mean, before the scale: whole numbers, evenly spaced or not.</summary>
internal interface ICodeLevels
{
    /// <summary>The lowest level.</summary>
    float Lowest { get; }

    /// <summary>The highest level.</summary>
    float Highest { get; }

    /// <summary>How far beyond an end, in levels, the largest value may be put when scales are tried.</summary>
    float Reach { get; }

    /// <summary>The level nearest to each lane.</summary>
    Vector256<float> Nearest(Vector256<float> x);

    /// <summary>Its place among the levels, counted from 0 at the lowest.</summary>
    Vector256<int> NearestIndex(Vector256<float> x);
}
