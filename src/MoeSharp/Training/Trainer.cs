using System.Diagnostics;
using MoeSharp.Formats.Checkpoints;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Training.Monitoring;
using MoeSharp.Training.Clipping;
using MoeSharp.Training.Optimizers;
using MoeSharp.Training.Schedules;

namespace MoeSharp.Training;

/// <summary>The loop and nothing else: batch, forward, backward, clip, step; measure and save when it is time.</summary>
/// <remarks>
/// <para>Loss of a step: the mean cross-entropy over the counted targets of all its micro-batches, plus the mean of their balance
/// losses. Expert biases move once a step, by the counts of all micro-batches.</para>
/// <para>Everything random follows from seed and micro-batch number, batches from their number: a run that is killed and resumed
/// from a checkpoint continues bit for bit. With a store, <see cref="Run"/> first goes on from its last good checkpoint.</para>
/// <para>Progress, files and warnings are callbacks. Not safe for concurrent use.</para>
/// </remarks>
public sealed class Trainer : IDisposable
{
    private readonly ITrainableModel _model;
    private readonly TrainingConfig _config;
    private readonly IBatchSource _batches;
    private readonly HeldOutData? _heldOut;
    private readonly CheckpointStore? _store;
    private readonly IReadOnlyList<ITrainingCallback> _callbacks;
    private readonly Optimizer _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly GradientNorm _norm;
    private readonly BalanceMeter _meter;
    private readonly TensorScope _scope;
    private readonly Evaluator _evaluator;
    private readonly StepReport _report;
    private readonly TrainingBatch[] _step;
    private TrainingState _state;
    private EvaluationReport? _lastEvaluation;
    private double _smoothedSpeed;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="config">How.</param>
    /// <param name="batches">On what.</param>
    /// <param name="heldOut">What is measured on; null for nothing.</param>
    /// <param name="store">Where checkpoints go; null for none.</param>
    /// <param name="callbacks">Who watches; null for nobody.</param>
    /// <param name="workers">The threads; null takes <see cref="Workers.Default"/>.</param>
    /// <param name="schedule">The learning-rate factors; null for those of the configuration.</param>
    /// <exception cref="ConfigException">The configuration has faults; all are named.</exception>
    public Trainer(
        ITrainableModel model,
        TrainingConfig config,
        IBatchSource batches,
        HeldOutData? heldOut = null,
        CheckpointStore? store = null,
        IReadOnlyList<ITrainingCallback>? callbacks = null,
        Workers? workers = null,
        LearningRateSchedule? schedule = null)
    {
        _config = config.Validate();
        _model = model;
        _batches = batches;
        _heldOut = heldOut;
        _store = store;
        _callbacks = callbacks ?? [];
        _optimizer = config.CreateOptimizer(model.Parameters, workers);
        _schedule = schedule ?? config.CreateSchedule();
        _norm = new GradientNorm(model.Parameters, workers: workers);
        _meter = new BalanceMeter(model.ExpertLayers);
        _report = new StepReport(_meter);
        var pool = new TensorPool();
        _scope = new TensorScope(pool, workers, record: true);
        _evaluator = new Evaluator(model, pool, workers);
        _step = new TrainingBatch[config.AccumulationCount];
        _state = new TrainingState { Seed = config.Seed };
    }

    /// <summary>Where the run stands.</summary>
    public TrainingState State => _state;

    /// <summary>The optimiser, with its state.</summary>
    public Optimizer Optimizer => _optimizer;

    /// <summary>What was counted of routing in the latest step.</summary>
    public BalanceMeter Balance => _meter;

    /// <summary>Trains until the last step, the end of the data, or a cancellation, which saves first.</summary>
    /// <exception cref="IOException">A checkpoint could not be written; the older ones are untouched.</exception>
    /// <exception cref="Formats.ModelFormatException">The checkpoint in the store is of another model.</exception>
    /// <exception cref="ArithmeticException">The loss or the gradient is no longer a number.</exception>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        string? resumed = _store?.FindLast();
        if (resumed is not null)
        {
            _state = TrainingCheckpoint.Read(resumed, _model, _optimizer);
        }

        foreach (ITrainingCallback callback in _callbacks)
        {
            callback.OnStarted(_state, resumed);
        }

        string? saved = resumed;
        long savedStep = resumed is null ? -1 : _state.Step;
        StopReason reason = StopReason.Finished;
        while (_state.Step < _config.StepCount)
        {
            if (cancellation.IsCancellationRequested)
            {
                reason = StopReason.Cancelled;
                break;
            }

            if (_state.MicroBatch > _batches.Count - _config.AccumulationCount)
            {
                reason = StopReason.DataEnded;
                break;
            }

            Step();
            bool last = _state.Step == _config.StepCount;
            if (last || IsTime(_config.EvaluateEvery))
            {
                Evaluate();
            }

            if (last || IsTime(_config.SaveEvery))
            {
                saved = Save();
                savedStep = _state.Step;
            }
        }

        if (savedStep != _state.Step)
        {
            saved = Save();
        }

        var result = new TrainingResult(reason, _state, saved, _lastEvaluation);
        foreach (ITrainingCallback callback in _callbacks)
        {
            callback.OnStopped(result);
        }

        return result;
    }

    /// <summary>One optimiser step: what <see cref="Run"/> repeats, and what a benchmark measures.</summary>
    public StepReport Step()
    {
        long start = Stopwatch.GetTimestamp();
        _optimizer.ClearGradients();
        _meter.Clear();
        int counted = 0;
        for (int i = 0; i < _step.Length; i++)
        {
            _step[i] = _batches.Get(_state.MicroBatch + i);
            counted += _step[i].CountedTargets;
        }

        double crossEntropy = 0, auxiliary = 0, balance = 0;
        long tokens = 0;
        foreach (TrainingBatch batch in _step)
        {
            double share = batch.CountedTargets / (double)Math.Max(1, counted);
            ForwardLosses losses = Backward(batch, (float)share);
            crossEntropy += share * losses.CrossEntropy.ToScalar();
            auxiliary += (losses.Auxiliary?.ToScalar() ?? 0f) / (double)_step.Length;
            balance += losses.BalanceValue / (double)_step.Length;
            tokens += batch.TokenCount;
            _state.MicroBatch++;
            _scope.Reset();
        }

        double norm = _norm.Compute();
        if (!double.IsFinite(norm) || !double.IsFinite(crossEntropy))
        {
            throw new ArithmeticException(
                $"training: step {_state.Step + 1}: the loss is {crossEntropy} and the gradient norm {norm}. "
                + "Lower the learning rate, lengthen the warm-up or clip harder; the last checkpoint is untouched.");
        }

        double factor = _config.ClipNorm > 0 ? GradientNorm.Factor(norm, _config.ClipNorm) : 1;
        double rate = _config.LearningRate * _schedule.Factor(_state.Step);
        _optimizer.Step(rate, factor);
        _model.EndStep();

        _state.Step++;
        _state.TokensSeen += tokens;
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        _state.Elapsed += duration;
        _report.CrossEntropy = crossEntropy;
        _report.AuxiliaryLoss = auxiliary;
        _report.BalanceValue = balance;
        _report.GradientNorm = norm;
        _report.ClipFactor = factor;
        _report.LearningRate = rate;
        Report(tokens, duration);
        return _report;
    }

    /// <summary>Measures on the held-out text now; null when there is none.</summary>
    public EvaluationReport? Evaluate()
    {
        if (_heldOut is null)
        {
            return null;
        }

        (double loss, long tokens) = _evaluator.Measure(_heldOut.Batches);
        bool best = loss < _state.BestLoss;
        if (best)
        {
            _state.BestLoss = loss;
            _state.BestStep = _state.Step;
        }

        _lastEvaluation = new EvaluationReport(
            _state.Step, loss, loss / Math.Log(2) / _heldOut.BytesPerToken, tokens, best);
        foreach (ITrainingCallback callback in _callbacks)
        {
            callback.OnEvaluated(_lastEvaluation);
        }

        return _lastEvaluation;
    }

    /// <summary>Gives the memory of the run back.</summary>
    public void Dispose()
    {
        _scope.Dispose();
        _evaluator.Dispose();
    }

    private ForwardLosses Backward(TrainingBatch batch, float share)
    {
        var noise = new Rng(_state.Seed, stream: (ulong)_state.MicroBatch + 1);
        ForwardLosses losses = _model.Forward(_scope, batch, new TrainingPass(IsTraining: true, noise, _meter));
        Tensor total = share == 1 ? losses.CrossEntropy : ScaleOp.Apply(losses.CrossEntropy, share);
        if (losses.Auxiliary is { } auxiliary)
        {
            auxiliary.Keep();
            total = AddOp.Apply(total, _step.Length == 1 ? auxiliary : ScaleOp.Apply(auxiliary, 1f / _step.Length));
        }

        losses.CrossEntropy.Keep();
        _scope.Tape!.Backward(total);
        return losses;
    }

    private string? Save()
    {
        string? folder = _store?.Save(
            _state.Step, target => TrainingCheckpoint.Write(target, _model, _optimizer, _state, _config));
        foreach (ITrainingCallback callback in folder is null ? [] : _callbacks)
        {
            callback.OnSaved(folder!, _state);
        }

        return folder;
    }

    private bool IsTime(long every) => every > 0 && _state.Step % every == 0;

    private void Report(long tokens, TimeSpan duration)
    {
        double speed = tokens / Math.Max(duration.TotalSeconds, 1e-9);
        _smoothedSpeed = _smoothedSpeed == 0 ? speed : (0.9 * _smoothedSpeed) + (0.1 * speed);
        _report.Step = _state.Step;
        _report.StepCount = _config.StepCount;
        _report.TokenCount = tokens;
        _report.TokensSeen = _state.TokensSeen;
        _report.Duration = duration;
        _report.TokensPerSecond = _smoothedSpeed;
        _report.Layers = _meter.Report();
        foreach (ITrainingCallback callback in _callbacks)
        {
            callback.OnStep(_report);
        }
    }
}
