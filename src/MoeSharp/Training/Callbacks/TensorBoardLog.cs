using MoeSharp.Formats.TensorBoard;
using MoeSharp.Training.Monitoring;

namespace MoeSharp.Training.Callbacks;

/// <summary>Writes every step and every measurement as TensorBoard event files.</summary>
/// <remarks>
/// Tags: <c>loss/…</c>, <c>optimizer/…</c>, <c>speed/…</c>, <c>held_out/…</c>, and for every layer with experts
/// <c>balance/layer.N/max_vio, dead_experts, load_entropy, drop_rate, mean_top1</c>. A resumed run adds a file; TensorBoard shows
/// the later values of a step that stands in two.
/// </remarks>
public sealed class TensorBoardLog : ITrainingCallback, IDisposable
{
    private readonly string _folder;
    private readonly List<KeyValuePair<string, double>> _values = [];
    private readonly Dictionary<int, string> _prefixes = [];
    private EventFileWriter? _writer;

    /// <summary>Names the folder; the file is made when the run starts.</summary>
    /// <param name="folder">The folder of the run.</param>
    public TensorBoardLog(string folder) => _folder = folder;

    /// <inheritdoc/>
    public void OnStarted(TrainingState state, string? resumedFrom) => _writer = new EventFileWriter(_folder);

    /// <inheritdoc/>
    public void OnStep(StepReport report)
    {
        _values.Clear();
        Add("loss/cross_entropy", report.CrossEntropy);
        Add("loss/auxiliary", report.AuxiliaryLoss);
        Add("loss/balance", report.BalanceValue);
        Add("optimizer/learning_rate", report.LearningRate);
        Add("optimizer/gradient_norm", report.GradientNorm);
        Add("optimizer/clip_factor", report.ClipFactor);
        Add("speed/tokens_per_second", report.TokensPerSecond);
        foreach (LayerBalance layer in report.Layers)
        {
            if (!_prefixes.TryGetValue(layer.Layer, out string? prefix))
            {
                _prefixes[layer.Layer] = prefix = $"balance/layer.{layer.Layer}/";
            }

            Add(prefix + "max_vio", layer.MaxVio);
            Add(prefix + "dead_experts", layer.DeadExperts);
            Add(prefix + "load_entropy", layer.LoadEntropy);
            Add(prefix + "drop_rate", layer.DropRate);
            Add(prefix + "mean_top1", layer.MeanTop1);
        }

        _writer!.WriteScalars(report.Step, _values);
    }

    /// <inheritdoc/>
    public void OnEvaluated(EvaluationReport report)
    {
        _values.Clear();
        Add("held_out/loss", report.Loss);
        Add("held_out/bits_per_byte", report.BitsPerByte);
        _writer!.WriteScalars(report.Step, _values);
        _writer.Flush();
    }

    /// <inheritdoc/>
    public void OnSaved(string folder, TrainingState state) => _writer!.Flush();

    /// <inheritdoc/>
    public void OnStopped(TrainingResult result) => _writer!.Flush();

    /// <summary>Closes the file.</summary>
    public void Dispose() => _writer?.Dispose();

    private void Add(string tag, double value)
    {
        if (double.IsFinite(value))
        {
            _values.Add(new KeyValuePair<string, double>(tag, value));
        }
    }
}
