using MoeSharp.Models.Decoding;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Analysis.Planning;

/// <summary>What it takes to run a model, known before it is loaded.</summary>
public sealed class ModelPlan
{
    private const int StepTokens = 512;
    private const long ProgramBytes = 150_000_000; // runtime, code and tokenizer

    private ModelPlan(CheckpointFacts facts, long ram, int context, MachineSpeed machine, IReadOnlyList<StorageChoice> choices)
    {
        Facts = facts;
        RamBytes = ram;
        ContextLength = context;
        Machine = machine;
        Choices = choices;
    }

    /// <summary>The model.</summary>
    public CheckpointFacts Facts { get; }

    /// <summary>Memory that may be used.</summary>
    public long RamBytes { get; }

    /// <summary>Tokens of the text.</summary>
    public int ContextLength { get; }

    /// <summary>The machine that speeds were predicted for.</summary>
    public MachineSpeed Machine { get; }

    /// <summary>Bytes of the cache a token.</summary>
    public long CacheBytesPerToken => SpeedModel.CacheBytes(Facts.Config, 1);

    /// <summary>Memory of a step beside weights and cache.</summary>
    public long WorkBytes => Work(Facts.Config);

    /// <summary>The checkpoint as stored, then every format that models can be stored in, most bits first.</summary>
    public IReadOnlyList<StorageChoice> Choices { get; }

    /// <summary>The choice with the most bits that fits; null when none does.</summary>
    public StorageChoice? Best => Choices.Skip(1).Where(choice => choice.Fits).MaxBy(choice => choice.BitsPerWeight);

    /// <summary>Plans.</summary>
    /// <param name="facts">The model.</param>
    /// <param name="ramBytes">Memory that may be used.</param>
    /// <param name="context">Tokens of the text.</param>
    /// <param name="machine">The machine.</param>
    public static ModelPlan Create(CheckpointFacts facts, long ramBytes, int context, MachineSpeed machine)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 1);
        var choices = new List<StorageChoice> { Choose("stored", facts, facts.FormatOf, facts.Bytes, ramBytes, context, machine) };
        foreach (BlockFormat format in BlockFormats.All.Where(format => format.CanQuantize).OrderByDescending(format => format.BitsPerElement))
        {
            BlockFormat Of(PlannedWeight weight) => StorageRule.FormatOf(weight, format);
            long bytes = facts.Weights.Sum(weight => Of(weight).BytesOf(weight.Shape.Length));
            choices.Add(Choose(format.Name, facts, Of, bytes, ramBytes, context, machine));
        }

        return new ModelPlan(facts, ramBytes, context, machine, choices);
    }

    private static StorageChoice Choose(
        string name, CheckpointFacts facts, Func<PlannedWeight, BlockFormat> formatOf, long bytes, long ram, int context, MachineSpeed machine)
    {
        DecoderConfig config = facts.Config;
        long beside = bytes + Work(config), token = SpeedModel.CacheBytes(config, 1);
        long total = beside + (context * token);
        long longest = Math.Clamp((ram - beside) / Math.Max(1, token), 0, config.PositionCount);
        return new StorageChoice(
            name, bytes, 8.0 * bytes / facts.Count.Total, total, total <= ram, (int)longest,
            SpeedModel.Predict(config, facts.Weights, formatOf, machine, context, Math.Min(StepTokens, config.PositionCount)));
    }

    // Rows of the residual stream, of the heads and of the experts that a step of a prompt holds at once, and the logits of one token.
    private static long Work(DecoderConfig config)
    {
        long inside = config.Experts is { } experts
            ? Math.Max((long)experts.TopK * ((3L * experts.IntermediateSize) + (2L * config.HiddenSize)), 3L * config.IntermediateSize)
            : 3L * config.IntermediateSize;
        long heads = config.Latent is { } latent
            ? 2L * config.HeadCount * ((2L * latent.KeyValueRank) + latent.RotatedSize + config.HeadSize)
            : 2L * (config.HeadCount + config.KeyValueHeadCount) * config.HeadSize;
        return ProgramBytes + (sizeof(float) * ((StepTokens * ((4L * config.HiddenSize) + heads + inside)) + config.VocabularySize));
    }
}
