using System.Text.Json;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Golden.Numerics;

/// <summary>Rotary frequencies and rotations against transformers: frequencies within 1e-5 relative, rotations at far positions within 1e-4.</summary>
public class RopeGoldenTests
{
    private static readonly NumericsFile s_file = new("rope.json");

    public static TheoryData<string> Scalings => [.. s_file.Names.Where(name => s_file[name].TryGetProperty("inv_freq", out _))];

    public static TheoryData<string> Rotations => [.. s_file.Names.Where(name => s_file[name].TryGetProperty("half_split", out _))];

    [Fact]
    public void Every_case_is_visited() => (Scalings.Count + Rotations.Count).ShouldBe(s_file.Names.Count());

    [Theory]
    [MemberData(nameof(Scalings))]
    public void Frequencies_and_attention_factor_are_those_of_transformers(string name)
    {
        JsonElement golden = s_file[name], parameters = golden.GetProperty("params");
        int sequence = (int)NumericsFile.Number(parameters, "seq_len", 0);
        var table = new RopeTable(Options(parameters), sequence);
        NumericsFile.ShouldBeClose(name, table.InverseFrequencies, NumericsFile.Floats(golden.GetProperty("inv_freq")), 1e-5, 1e-12);
        NumericsFile.ShouldBeClose(name, [table.AttentionFactor], [golden.GetProperty("attention_factor").GetSingle()], 1e-5, 0);
    }

    [Theory]
    [MemberData(nameof(Rotations))]
    public void Rotations_are_those_of_transformers(string name)
    {
        JsonElement golden = s_file[name], parameters = golden.GetProperty("params");
        int size = parameters.GetProperty("dim").GetInt32();
        Indices positions = Indices.From([.. parameters.GetProperty("positions").EnumerateArray().Select(p => p.GetInt32())]);
        Tensor x = NumericsFile.Read(golden.GetProperty("x"));
        foreach ((string property, RopeLayout layout) in new[]
        {
            ("half_split", RopeLayout.HalfSplit),
            ("interleaved", RopeLayout.Interleaved),
            ("deepseek_interleave_function", RopeLayout.InterleavedToHalves),
        })
        {
            using var scope = new TensorScope();
            var table = new RopeTable(new RopeOptions
            {
                RotarySize = size,
                Theta = parameters.GetProperty("theta").GetDouble(),
                Layout = layout,
            });
            Tensor y = RopeOp.Apply(scope.From(x.Span, x.Shape), positions, table, size);
            NumericsFile.ShouldBeClose($"{name} {property}", y.Span, NumericsFile.Read(golden.GetProperty(property)).Span, 1e-5, 1e-4);
        }
    }

    private static RopeOptions Options(JsonElement parameters)
    {
        double share = NumericsFile.Number(parameters, "partial_rotary_factor", 1);
        return new RopeOptions
        {
            RotarySize = (int)(parameters.GetProperty("head_dim").GetInt32() * share),
            Theta = parameters.GetProperty("rope_theta").GetDouble(),
            Scaling = Enum.Parse<RopeScaling>(parameters.GetProperty("rope_type").GetString()!, ignoreCase: true),
            Factor = Optional("factor"),
            MaxPosition = parameters.GetProperty("max_position_embeddings").GetInt32(),
            OriginalMaxPosition = (int?)Optional("original_max_position_embeddings"),
            BetaFast = Optional("beta_fast") ?? 32,
            BetaSlow = Optional("beta_slow") ?? 1,
            Truncate = !parameters.TryGetProperty("truncate", out JsonElement truncate) || truncate.GetBoolean(),
            Mscale = Optional("mscale"),
            MscaleAllDimensions = Optional("mscale_all_dim"),
            AttentionFactor = Optional("attention_factor"),
            LowFrequencyFactor = Optional("low_freq_factor") ?? 1,
            HighFrequencyFactor = Optional("high_freq_factor") ?? 4,
            ShortFactors = List("short_factor"),
            LongFactors = List("long_factor"),
        };

        double? Optional(string name) =>
            parameters.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

        IReadOnlyList<double>? List(string name) =>
            parameters.TryGetProperty(name, out JsonElement list) ? [.. list.EnumerateArray().Select(value => value.GetDouble())] : null;
    }
}
