using System.Text.Json;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tensors.Tests.Golden.Numerics;

/// <summary>Attention against PyTorch: every case of <c>attention.json</c>, value within 1e-5 relative + 1e-6, gradients within 1e-4 relative + 1e-5.</summary>
/// <remarks>In float64 the file's own float32 gradients are off by up to 1.2e-6, so 1e-6 of two such would be chance.</remarks>
public class AttentionGoldenTests
{
    private static readonly JsonDocument s_file = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "numerics", "attention.json")));

    public static TheoryData<string> Cases => [.. s_file.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    [Fact]
    public void The_file_has_cases() => Cases.Count.ShouldBeGreaterThanOrEqualTo(6);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Output_and_gradients_are_those_of_torch(string name)
    {
        JsonElement golden = s_file.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        AttentionOptions options = Options(golden, out Tensor? sinks);
        Tensor q = Rows(golden.GetProperty("q")), k = Rows(golden.GetProperty("k")), v = Rows(golden.GetProperty("v"));
        foreach (Tensor input in new[] { q, k, v })
        {
            input.NeedsGradient = true;
        }

        using var scope = new TensorScope(record: true);
        Tensor y = AttentionOp.Apply(
            AddOp.Apply(scope.Zeros(q.Shape), q), k, v, SequenceLayout.Uniform(1, q.Rows), options);
        ShouldBeClose(name + " output", y, Rows(golden.GetProperty("output")), 1e-5, 1e-6);

        scope.Tape!.Backward(y, Rows(golden.GetProperty("R")));
        JsonElement gradients = golden.GetProperty("grads");
        ShouldBeClose(name + " d_q", q.Gradient!, Rows(gradients.GetProperty("d_q")), 1e-4, 1e-5);
        ShouldBeClose(name + " d_k", k.Gradient!, Rows(gradients.GetProperty("d_k")), 1e-4, 1e-5);
        ShouldBeClose(name + " d_v", v.Gradient!, Rows(gradients.GetProperty("d_v")), 1e-4, 1e-5);
        if (sinks is not null)
        {
            ShouldBeClose(name + " d_sinks", sinks.Gradient!, Vector(gradients.GetProperty("d_sinks")), 1e-4, 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Probabilities_are_those_of_torch(string name)
    {
        // With the identity as values, the output of a row is its row of probabilities.
        JsonElement golden = s_file.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        AttentionOptions options = Options(golden, out _);
        Tensor q = Rows(golden.GetProperty("q")), k = Rows(golden.GetProperty("k"));
        options = options with { ValueHeadSize = q.Rows };
        Tensor identity = Tensor.Zeros(new(q.Rows, options.KeyValueHeadCount * q.Rows));
        for (int row = 0; row < q.Rows; row++)
        {
            for (int head = 0; head < options.KeyValueHeadCount; head++)
            {
                identity.Row(row)[(head * q.Rows) + row] = 1;
            }
        }

        using var scope = new TensorScope();
        Tensor y = AttentionOp.Apply(scope.From(q.Span, q.Shape), k, identity, SequenceLayout.Uniform(1, q.Rows), options);
        ShouldBeClose(name + " probabilities", y, Rows(golden.GetProperty("probabilities")), 1e-5, 1e-6);
    }

    private static AttentionOptions Options(JsonElement golden, out Tensor? sinks)
    {
        JsonElement p = golden.GetProperty("params");
        sinks = golden.GetProperty("sinks").ValueKind == JsonValueKind.Null ? null : Vector(golden.GetProperty("sinks"));
        if (sinks is not null)
        {
            sinks.NeedsGradient = true;
        }

        return new AttentionOptions
        {
            HeadCount = p.GetProperty("query_heads").GetInt32(),
            KeyValueHeadCount = p.GetProperty("kv_heads").GetInt32(),
            HeadSize = p.GetProperty("head_dim").GetInt32(),
            SlidingWindow = p.GetProperty("window").ValueKind == JsonValueKind.Null ? null : p.GetProperty("window").GetInt32(),
            SoftCap = p.GetProperty("softcap").ValueKind == JsonValueKind.Null ? null : p.GetProperty("softcap").GetSingle(),
            Sinks = sinks,
        };
    }

    /// <summary>[heads][tokens][dim] → [tokens, heads·dim].</summary>
    private static Tensor Rows(JsonElement element)
    {
        int heads = element.GetArrayLength(), rows = element[0].GetArrayLength(), size = element[0][0].GetArrayLength();
        Tensor tensor = Tensor.Zeros(new(rows, heads * size));
        for (int head = 0; head < heads; head++)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int i = 0; i < size; i++)
                {
                    tensor.Row(row)[(head * size) + i] = element[head][row][i].GetSingle();
                }
            }
        }

        return tensor;
    }

    private static Tensor Vector(JsonElement element) =>
        Tensor.From(element.EnumerateArray().Select(e => e.GetSingle()).ToArray(), new(element.GetArrayLength()));

    private static void ShouldBeClose(string what, Tensor actual, Tensor expected, double relative, double absolute)
    {
        actual.Shape.ShouldBe(expected.Shape);
        for (int i = 0; i < expected.Length; i++)
        {
            double limit = absolute + (relative * Math.Abs(expected.Span[i]));
            Math.Abs((double)actual.Span[i] - expected.Span[i]).ShouldBeLessThanOrEqualTo(
                limit, $"{what}: element {i} is {actual.Span[i]}, expected {expected.Span[i]}");
        }
    }
}
