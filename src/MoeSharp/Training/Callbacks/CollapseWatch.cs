using MoeSharp.Training.Monitoring;

namespace MoeSharp.Training.Callbacks;

/// <summary>Tells of a collapse while it happens.</summary>
public sealed class CollapseWatch : ITrainingCallback
{
    private readonly CollapseDetector _detector;
    private readonly Action<CollapseNotice> _tell;

    /// <summary>Watches the layers of a model.</summary>
    /// <param name="layers">The layers that route.</param>
    /// <param name="tell">Who is told.</param>
    /// <param name="thresholds">When a layer counts as collapsed; null for the defaults.</param>
    public CollapseWatch(
        IReadOnlyList<ExpertLayer> layers, Action<CollapseNotice> tell, CollapseThresholds? thresholds = null)
    {
        _detector = new CollapseDetector(layers, thresholds);
        _tell = tell;
    }

    /// <inheritdoc/>
    public void OnStep(StepReport report)
    {
        foreach (CollapseNotice notice in _detector.Add(report.Step, report.Balance))
        {
            _tell(notice);
        }
    }
}
