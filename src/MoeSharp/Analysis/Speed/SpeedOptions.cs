using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;

namespace MoeSharp.Analysis.Speed;

/// <summary>How speeds of a model are measured.</summary>
public sealed record SpeedOptions
{
    /// <summary>Keys that decode looks back at where nothing else is said.</summary>
    public const int ShallowDepth = 128;

    /// <summary>Tokens of the prompt.</summary>
    /// <value>512 by default.</value>
    public int Prompt { get; init; } = 512;

    /// <summary>Runs that are counted, after some that are not.</summary>
    /// <value>5 by default.</value>
    public int Repeats { get; init; } = 5;

    /// <summary>Tokens of a run of decode.</summary>
    /// <value>16 by default.</value>
    public int DecodeTokens { get; init; } = 16;

    /// <summary>How keys and values are kept.</summary>
    /// <value>F32 by default.</value>
    public DType CacheType { get; init; } = DType.F32;

    /// <summary>Experts to leave out.</summary>
    /// <value>None by default.</value>
    public ExpertReduction Experts { get; init; } = ExpertReduction.None;

    /// <summary>True to count the processor's time with one thread, on a machine that others use.</summary>
    public bool ProcessorTime { get; init; }
}
