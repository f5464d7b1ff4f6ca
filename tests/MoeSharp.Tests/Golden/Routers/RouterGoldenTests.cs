using System.Text.Json;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers;

/// <summary>Every case of the router references: what other implementations answered, asked of the product's parts.</summary>
/// <remarks>Regenerate nothing: the files come from the reference collection; their notes say how each source behaves.</remarks>
public class RouterGoldenTests
{
    public static TheoryData<string> Cases => [.. GoldenCase.All.Keys];

    [Fact]
    public void All_eighteen_files_are_here_and_the_skip_list_is_short()
    {
        GoldenCase.All.Values.Select(golden => golden.File).Distinct().Count().ShouldBe(18);
        GoldenCase.All.Count.ShouldBe(193);
        SkipList.Entries.Count.ShouldBe(2);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_parts_answer_as_the_reference(string name)
    {
        GoldenCase golden = GoldenCase.All[name];
        var faults = new List<string>();
        using (var scope = new TensorScope(record: true))
        {
            GoldenRun run = ReferenceSources.Run(golden, scope);
            foreach (string part in new[] { "outputs", "losses" })
            {
                foreach (JsonProperty expected in Members(golden, part))
                {
                    if (expected.Value.ValueKind == JsonValueKind.Object)
                    {
                        foreach (JsonProperty inner in expected.Value.EnumerateObject())
                        {
                            CompareValue(run, part, inner, faults);
                        }
                    }
                    else
                    {
                        CompareValue(run, part, expected, faults);
                    }
                }
            }
        }

        foreach (JsonProperty gradient in Members(golden, "grads"))
        {
            CompareGradient(golden, gradient, faults);
        }

        faults.ShouldBeEmpty($"{name}:\n{string.Join('\n', faults)}");
    }

    private static JsonProperty[] Members(GoldenCase golden, string part) =>
        golden.Has(part) ? [.. golden.Get(part).EnumerateObject()] : [];

    private static void CompareValue(GoldenRun run, string part, JsonProperty expected, List<string> faults)
    {
        if (SkipList.Skips(run.Case, $"{part}/{expected.Name}"))
        {
            return;
        }

        object? answer = part == "losses" ? run.Losses.GetValueOrDefault(expected.Name) : null;
        answer ??= run.Outputs.GetValueOrDefault(expected.Name);
        double relative = run.Tolerances.GetValueOrDefault(expected.Name, 1e-5);
        float[] reference = [.. GoldenCase.Flatten(expected.Value)];
        float[]? values = answer switch
        {
            null => null,
            Tensor tensor => tensor.ToArray(),
            int[] ids => [.. ids.Select(id => (float)id)],
            float[] numbers => numbers,
            int number => [number],
            double number => [(float)number],
            _ => [(float)answer],
        };
        bool exact = answer is int[] or int;
        Compare($"{part}/{expected.Name}", values, reference, exact ? 0 : relative, exact ? 0 : 1e-6, faults);
    }

    private static void CompareGradient(GoldenCase golden, JsonProperty gradient, List<string> faults)
    {
        if (gradient.Value.ValueKind != JsonValueKind.Object)
        {
            CompareInputGradient(golden, gradient.Name, gradient.Name, gradient.Value, faults); // grads hold d_… directly
            return;
        }

        foreach (JsonProperty input in gradient.Value.EnumerateObject())
        {
            if (input.Name.StartsWith("d_", StringComparison.Ordinal))
            {
                CompareInputGradient(golden, gradient.Name, input.Name, input.Value, faults);
            }
        }
    }

    private static void CompareInputGradient(GoldenCase golden, string objective, string input, JsonElement expected, List<string> faults)
    {
        string where = $"grads/{objective}/{input}";
        if (SkipList.Skips(golden, where))
        {
            return;
        }

        using var scope = new TensorScope(record: true);
        GoldenRun run = ReferenceSources.Run(golden, scope);
        Tensor? scalar = Objective(run, objective);
        if (scalar is { NeedsGradient: true })
        {
            scope.Tape!.Backward(scalar);
        }

        if (scalar is null || run.Gradient(input[2..]) is not { } values)
        {
            faults.Add($"{where}: not answered");
            return;
        }

        float[] reference = expected.ValueKind == JsonValueKind.Null ? new float[values.Length] : [.. GoldenCase.Flatten(expected)];
        Compare(where, values, reference, run.Tolerances.GetValueOrDefault($"grads/{objective}", 1e-4), 1e-6, faults);
    }

    private static Tensor? Objective(GoldenRun run, string name)
    {
        if (run.Objectives.TryGetValue(name, out Tensor? objective))
        {
            return objective;
        }

        if (name.StartsWith("loss_", StringComparison.Ordinal))
        {
            return run.Losses.GetValueOrDefault(name[5..]);
        }

        return name.StartsWith("sum_R_", StringComparison.Ordinal) && run.Outputs.GetValueOrDefault(name[6..]) is Tensor output
            ? WeightedSumOp.Apply(output, run.Scope.From(run.Case.Floats($"grads/{name}/R"), output.Shape))
            : null;
    }

    private static void Compare(string where, float[]? values, float[] reference, double relative, double absolute, List<string> faults)
    {
        if (values is null || values.Length != reference.Length)
        {
            faults.Add($"{where}: {(values is null ? "not answered" : $"{values.Length} numbers")}, the reference has {reference.Length}");
            return;
        }

        int worst = -1, count = 0;
        double excess = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double difference = Math.Abs((double)values[i] - reference[i]) - (relative * Math.Abs(reference[i])) - absolute;
            if (values[i].Equals(reference[i]) || difference <= 0)
            {
                continue;
            }

            count++;
            if (worst < 0 || difference > excess)
            {
                (worst, excess) = (i, difference);
            }
        }

        if (worst >= 0)
        {
            faults.Add($"{where}: {count} of {values.Length} differ, most at {worst}: {values[worst]:G9}, the reference has {reference[worst]:G9}");
        }
    }
}
