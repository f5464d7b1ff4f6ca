using System.CommandLine;
using System.Text.Json;
using MoeSharp.Experts.Routing;

namespace MoeSharp.Cli.Commands;

/// <summary>The options that leave experts out: <c>--experts</c> and <c>--min-weight</c>.</summary>
internal sealed class ExpertArguments
{
    private readonly Option<int?> _experts;
    private readonly Option<float> _minWeight;

    /// <param name="samples">True where <c>--top-k</c> means tokens to draw from; elsewhere it is another name of <c>--experts</c>.</param>
    /// <param name="whose">Whose experts, in the help.</param>
    public ExpertArguments(bool samples, string whose = "")
    {
        _experts = new Option<int?>("--experts", samples ? ["--expert-top-k"] : ["--expert-top-k", "--top-k"])
        {
            Description = $"The most experts a token visits{whose}; as many as the model's routers choose by default.",
            HelpName = "N",
        };
        _minWeight = new Option<float>("--min-weight")
        {
            Description = $"Leave out experts whose weight is below this share of the token's largest{whose}.",
            HelpName = "SHARE",
            DefaultValueFactory = _ => 0,
        };
    }

    /// <summary>What is left out, as JSON fields; nothing where nothing is.</summary>
    public static void WriteJson(Utf8JsonWriter json, ExpertReduction experts)
    {
        if (!experts.IsNone)
        {
            json.WriteStartObject("reduction");
            json.WriteNumber("experts", experts.TopK);
            json.WriteNumber("minWeight", experts.MinWeight);
            json.WriteEndObject();
        }
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_experts);
        command.Options.Add(_minWeight);
    }

    /// <exception cref="UsageException">A value is out of range.</exception>
    public ExpertReduction Read(ParseResult parsed)
    {
        int? experts = parsed.GetValue(_experts);
        float minWeight = parsed.GetValue(_minWeight);
        if (experts < 1)
        {
            throw new UsageException($"--experts: {experts} is out of range. A token visits at least 1 expert; leave the option out for all that the routers choose.");
        }

        if (!(minWeight is >= 0 and <= 1))
        {
            throw new UsageException(FormattableString.Invariant(
                $"--min-weight: {minWeight} is out of range. It is a share of the token's largest weight, 0 (all stay) to 1 (only the best)."));
        }

        return new ExpertReduction { TopK = experts ?? 0, MinWeight = minWeight };
    }
}
