using MoeSharp.Analysis.Speed;

namespace MoeSharp.Cli.Commands;

/// <summary>What was measured of one model.</summary>
/// <param name="type">How it is stored; empty until it is known.</param>
internal sealed class BenchedModel(string type)
{
    /// <summary>How it is stored.</summary>
    public string Type { get; set; } = type;

    /// <summary>Bytes of its weights; 0 where it was not loaded.</summary>
    public long Bytes { get; set; }

    /// <summary>Bytes of its file; 0 where there is none.</summary>
    public long FileBytes { get; set; }

    /// <summary>Bytes of weights by the name of their format.</summary>
    public IReadOnlyDictionary<string, long> Formats { get; set; } = new Dictionary<string, long>();

    /// <summary>The measurements, in order.</summary>
    public List<SpeedMeasure> Measures { get; } = [];
}
