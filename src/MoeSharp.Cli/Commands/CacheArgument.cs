using System.CommandLine;
using MoeSharp.Tensors;

namespace MoeSharp.Cli.Commands;

/// <summary>The option <c>--cache</c>: how keys and values are kept.</summary>
internal sealed class CacheArgument
{
    private readonly Option<string> _type = new("--cache")
    {
        Description = "How keys and values are kept: f32, bf16 (half the memory) or q8_0 (a quarter; heads must be multiples of 32).",
        HelpName = "TYPE",
        DefaultValueFactory = _ => "f32",
    };

    public CacheArgument() => _type.AcceptOnlyFromAmong("f32", "bf16", "q8_0");

    /// <summary>The name of a type, as the option takes it.</summary>
    public static string NameOf(DType type) => type switch
    {
        DType.BF16 => "bf16",
        DType.Q80 => "q8_0",
        _ => "f32",
    };

    public void AddTo(Command command) => command.Options.Add(_type);

    public DType Read(ParseResult parsed) => parsed.GetValue(_type) switch
    {
        "bf16" => DType.BF16,
        "q8_0" => DType.Q80,
        _ => DType.F32,
    };
}
