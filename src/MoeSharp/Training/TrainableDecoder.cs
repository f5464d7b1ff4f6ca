using MoeSharp.Experts;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Observation;
using MoeSharp.Experts.Routing;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Training;

/// <summary>A decoder as the trainer sees it: next-token cross-entropy plus its balance rule, expert biases once a step.</summary>
/// <remarks>
/// <para>Each sequence of the layout is a group of the balance rule. A model whose configuration equals a published family is saved in
/// that layout, so a checkpoint can be run as it is; any other is saved under our own names.</para>
/// <para>Not safe for concurrent use.</para>
/// </remarks>
public sealed class TrainableDecoder : ITrainableModel, IRoutingObserver
{
    private const string OwnFile = "weights.safetensors";

    private readonly MoeLayer[] _layers;
    private readonly Family? _family;
    private readonly bool _noisyTraining;
    private readonly SparsityControl? _sparsity;
    private readonly Tensor _lambda = Tensor.Zeros(new TensorShape(1));
    private readonly List<BalanceTerms> _terms = [];
    private IRoutingObserver? _observer;
    private bool _counts;
    private double _sparsitySum;
    private int _sparsityCount;

    /// <summary>Wraps a decoder.</summary>
    /// <param name="decoder">The model; trained in place.</param>
    /// <param name="preferred">The family whose layout to save in first; null for the first that fits.</param>
    /// <param name="noisyTraining">False to train in evaluation mode: no jitter, no noise.</param>
    /// <param name="sparsity">Steers the coefficient λ of a loss of the decoder's balance rule (ReMoE); saved with every checkpoint.</param>
    public TrainableDecoder(
        Decoder decoder, Family? preferred = null, bool noisyTraining = true, SparsityControl? sparsity = null)
    {
        Decoder = decoder;
        _sparsity = sparsity;
        _layers = [.. decoder.ExpertLayers];
        _noisyTraining = noisyTraining;
        _family = FindFamily(decoder.Config, preferred);
        ExpertLayers = [.. _layers.Select(layer => new ExpertLayer(layer.Index, layer.Experts.Count, TopKOf(decoder.Config)))];
        List<NamedTensor> buffers = [.. decoder.State
            .Where(entry => decoder.Parameters.All(parameter => parameter.Name != entry.Key))
            .Select(entry => new NamedTensor(entry.Key, entry.Value))];
        if (sparsity is not null)
        {
            _lambda.Span[0] = sparsity.Lambda;
            buffers.Add(new NamedTensor("balance.lambda", _lambda));
        }

        Buffers = buffers;
    }

    /// <summary>The model.</summary>
    public Decoder Decoder { get; }

    /// <inheritdoc/>
    public IReadOnlyList<Parameter> Parameters => Decoder.Parameters;

    /// <inheritdoc/>
    public IReadOnlyList<NamedTensor> Buffers { get; }

    /// <inheritdoc/>
    public IReadOnlyList<ExpertLayer> ExpertLayers { get; }

    /// <inheritdoc/>
    public ForwardLosses Forward(TensorScope scope, TrainingBatch batch, TrainingPass pass)
    {
        _observer = pass.Observer;
        _counts = pass.IsTraining;
        if (_sparsity is not null)
        {
            _sparsity.Lambda = _lambda.Span[0]; // a checkpoint may just have been read into the buffer
        }

        Indices ids = scope.NewIndices(batch.TokenCount);
        batch.Inputs.Span.CopyTo(ids.Span);
        Indices starts = scope.NewIndices(batch.Layout.SequenceCount + 1);
        batch.Layout.Starts.CopyTo(starts.Span);
        var options = new ForwardOptions
        {
            Routing = new RoutingContext
            {
                IsTraining = pass.IsTraining && _noisyTraining,
                IsCausal = true,
                MeasuresBalance = pass.IsTraining,
                Noise = new RngNoise(pass.Noise),
                GroupStarts = starts,
                TokenIds = ids,
                Observer = this,
            },
        };
        DecoderOutput output = Decoder.Forward(scope, ids, batch.Layout, options);
        Tensor crossEntropy = CrossEntropyOp.Apply(output.RequiredLogits, batch.Targets.Span);
        return ReduceBalance(crossEntropy, output);
    }

    /// <inheritdoc/>
    public void EndStep()
    {
        foreach (MoeLayer layer in _layers)
        {
            layer.Router.Bias?.Update();
        }

        foreach (BalanceLoss loss in Decoder.Balance.Losses)
        {
            (loss as LoadBalancingLoss)?.Window?.Reset();
        }

        if (_sparsity is not null && _sparsityCount > 0)
        {
            _sparsity.Update((float)(_sparsitySum / _sparsityCount));
            _lambda.Span[0] = _sparsity.Lambda;
            _sparsitySum = _sparsityCount = 0;
        }
    }

    /// <inheritdoc/>
    public void Save(string folder)
    {
        if (_family is not null)
        {
            DecoderFolder.Save(Decoder, folder, DType.F32, _family);
            return;
        }

        using var writer = new SafetensorsWriter(
            Path.Combine(folder, OwnFile),
            Decoder.Parameters.Select(one => new SafetensorsEntry(one.Name, StoredType.F32, one.Value.Shape.ToArray())));
        foreach (Parameter parameter in Decoder.Parameters)
        {
            writer.Write(parameter.Name, parameter.Value);
        }

        writer.Commit();
    }

    /// <inheritdoc/>
    public void Load(string folder)
    {
        if (_family is not null)
        {
            using TensorSource source = SafetensorsFile.Open(Path.Combine(folder, SafetensorsModel.FileName));
            DecoderWeights.Load(Decoder, _family, source);
            return;
        }

        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, OwnFile));
        foreach (Parameter parameter in Decoder.Parameters)
        {
            StoredTensor stored = file.Find(parameter.Name);
            for (long row = 0; row < parameter.Value.Shape.Rows; row++)
            {
                file.ReadFloat32(stored, row * parameter.Value.Columns, parameter.Value.Row(row));
            }
        }
    }

    /// <inheritdoc/>
    void IRoutingObserver.Observe(int layer, in RoutingDecision decision)
    {
        _observer?.Observe(layer, decision);
        if (!_counts)
        {
            return;
        }

        if (_sparsity is not null)
        {
            _sparsitySum += SparsityControl.Sparsity(decision);
            _sparsityCount++;
        }

        foreach (MoeLayer own in _layers)
        {
            if (own.Index == layer)
            {
                own.Router.Bias?.Count(decision);
            }
        }
    }

    private static int TopKOf(DecoderConfig config) => config.Experts?.TopK ?? 1;

    private static Family? FindFamily(DecoderConfig config, Family? preferred)
    {
        try
        {
            return FamilyCatalogue.Choose(config, preferred);
        }
        catch (ConfigException)
        {
            return null; // no published layout says this model; ours does
        }
    }

    private ForwardLosses ReduceBalance(Tensor crossEntropy, in DecoderOutput output)
    {
        _terms.Clear();
        foreach (MoeOutput layer in output.Experts)
        {
            if (layer.Balance is { } terms)
            {
                _terms.Add(terms);
            }
        }

        if (_terms.Count == 0)
        {
            return new ForwardLosses(crossEntropy, null);
        }

        BalanceResult result = Decoder.Balance.Reduce(_terms);
        return new ForwardLosses(crossEntropy, result.Total, result.Values.Count > 0 ? result.Printed(0) : float.NaN);
    }
}
