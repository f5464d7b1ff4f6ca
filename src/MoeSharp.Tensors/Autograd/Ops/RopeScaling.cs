namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>How rotary frequencies are changed for texts longer than those of training.</summary>
public enum RopeScaling
{
    /// <summary>Not at all.</summary>
    Default,

    /// <summary>All divided by the factor (arXiv:2306.15595).</summary>
    Linear,

    /// <summary>A larger base once the text is longer than the longest position ("dynamic NTK").</summary>
    Dynamic,

    /// <summary>Low frequencies divided, high ones kept, a ramp between (arXiv:2309.00071).</summary>
    Yarn,

    /// <summary>As Llama 3.1: by wavelength, with a smooth part between two thresholds.</summary>
    Llama3,

    /// <summary>A factor for each frequency, one list for short and one for long texts (arXiv:2402.13753).</summary>
    LongRope,
}
