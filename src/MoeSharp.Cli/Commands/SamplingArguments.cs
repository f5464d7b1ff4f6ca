using System.CommandLine;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;

namespace MoeSharp.Cli.Commands;

/// <summary>The options that say how a text is continued.</summary>
internal sealed class SamplingArguments(int maxTokens = 128)
{
    private readonly Option<int> _maxTokens = Number("--max-tokens", "The most tokens to add.", maxTokens);
    private readonly Option<float> _temperature = Number("--temperature", "0 takes the likeliest token; higher is freer.", 0.8f);
    private readonly Option<int> _topK = Number("--top-k", "Draw from the k likeliest tokens only; 0 for all.", 0);
    private readonly Option<float> _topP = Number("--top-p", "Draw from the fewest tokens that reach this probability.", 1f);
    private readonly Option<float> _minP = Number("--min-p", "Drop tokens below this share of the likeliest.", 0.05f);
    private readonly Option<float> _penalty = Number("--repetition-penalty", "Above 1 avoids tokens that occurred.", 1f);
    private readonly Option<int> _lookup = Number(
        "--lookup", "Guess up to N tokens from what followed the same words before, and check them in one pass; the text is the same.", 0);
    private readonly ExpertArguments _experts = new(samples: true);
    private readonly CacheArgument _cache = new();
    private readonly Option<string[]> _stop = new("--stop") { Description = "End before this text; may be repeated.", HelpName = "TEXT" };

    public void AddTo(Command command)
    {
        command.Options.Add(_maxTokens);
        command.Options.Add(_temperature);
        command.Options.Add(_topK);
        command.Options.Add(_topP);
        command.Options.Add(_minP);
        command.Options.Add(_penalty);
        command.Options.Add(_stop);
        command.Options.Add(_lookup);
        _experts.AddTo(command);
        _cache.AddTo(command);
    }

    /// <exception cref="UsageException">A value is out of range.</exception>
    public GenerationOptions Read(ParseResult parsed, ulong seed)
    {
        try
        {
            return Create(parsed, seed).Validate();
        }
        catch (ConfigException fault)
        {
            throw new UsageException(string.Join(' ', fault.Faults));
        }
    }

    private GenerationOptions Create(ParseResult parsed, ulong seed) => new()
    {
        MaxTokens = parsed.GetValue(_maxTokens),
        Stop = parsed.GetValue(_stop) ?? [],
        LookupTokens = parsed.GetValue(_lookup),
        Experts = _experts.Read(parsed),
        CacheType = _cache.Read(parsed),
        Sampling = new SamplingOptions
        {
            Temperature = parsed.GetValue(_temperature),
            TopK = parsed.GetValue(_topK),
            TopP = parsed.GetValue(_topP),
            MinP = parsed.GetValue(_minP),
            RepetitionPenalty = parsed.GetValue(_penalty),
            Seed = seed,
        },
    };

    private static Option<T> Number<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "N" };
}
