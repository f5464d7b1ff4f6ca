using MoeSharp.Experts.Ops;
using MoeSharp.Experts.Routing;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Tests.Golden.Routers;

/// <summary>What the product answers to a case: named outputs and losses, in the layout of the file, and the inputs they depend on.</summary>
public sealed class GoldenRun(GoldenCase golden, TensorScope scope)
{
    public GoldenCase Case { get; } = golden;

    public TensorScope Scope { get; } = scope;

    /// <summary>Inputs by the name of their gradient, without <c>d_</c>.</summary>
    public Dictionary<string, Tensor> Inputs { get; } = [];

    /// <summary>Tensors (differentiable), int[] (exact), float[] or numbers.</summary>
    public Dictionary<string, object> Outputs { get; } = [];

    /// <summary>Scalars by name.</summary>
    public Dictionary<string, Tensor> Losses { get; } = [];

    /// <summary>What a gradient is taken of, where it is not Σ R·output or a loss.</summary>
    public Dictionary<string, Tensor> Objectives { get; } = [];

    /// <summary>Relative tolerance of named losses and outputs, where it is not 1e-5.</summary>
    public Dictionary<string, double> Tolerances { get; } = [];

    /// <summary>Gradients that the file has transposed: the tensor <c>[columns, rows]</c> here, <c>[rows, columns]</c> there.</summary>
    public Dictionary<string, (Tensor Tensor, int Rows, int Columns)> Transposed { get; } = [];

    /// <summary>Gradients that lie in slices of several parameters, one after another.</summary>
    public Dictionary<string, (Parameter Parameter, int Slice)[]> Parts { get; } = [];

    public int Experts { get; private set; }

    /// <summary>The gradient of an input in the layout of the file, after the backward pass; null when there is no such input.</summary>
    public float[]? Gradient(string name)
    {
        if (Inputs.TryGetValue(name, out Tensor? tensor))
        {
            return tensor.Gradient?.ToArray() ?? new float[tensor.Length];
        }

        if (Transposed.TryGetValue(name, out var transposed))
        {
            float[] flat = transposed.Tensor.Gradient!.ToArray();
            return [.. Enumerable.Range(0, flat.Length).Select(i => flat[(i % transposed.Columns * transposed.Rows) + (i / transposed.Columns)])];
        }

        return Parts.TryGetValue(name, out var parts)
            ? [.. parts.SelectMany(part => part.Parameter.Gradient!.Slice(part.Slice).ToArray())]
            : null;
    }

    /// <summary>Some rows of a tensor, differentiable.</summary>
    public static Tensor Rows(Tensor x, int start, int count) =>
        count == x.Rows ? x : GatherRowsOp.Apply(x, Indices.From([.. Enumerable.Range(start, count)]));

    /// <summary>Logits <c>[T, E]</c>, groups one after another.</summary>
    public Tensor Logits(string path = "logits")
    {
        int[] shape = Case.Shape(path);
        Experts = shape[^1];
        return Input("logits", path, shape[..^1].Aggregate(1, (a, b) => a * b), shape[^1]);
    }

    public Tensor Input(string name, string path, int rows, int columns) => Input(name, Case.Floats(path), new TensorShape(rows, columns));

    public Tensor Input(string name, float[] values, TensorShape shape)
    {
        Tensor input = Scope.From(values, shape);
        input.NeedsGradient = true;
        Inputs[name] = input.Keep();
        return input;
    }

    /// <summary>Starts of equal groups, by the leading dimension of the logits.</summary>
    public Indices? Groups(string path = "logits")
    {
        int[] shape = Case.Shape(path);
        return shape.Length < 3 ? null : Indices.From([.. Enumerable.Range(0, shape[0] + 1).Select(g => g * shape[1])]);
    }

    /// <summary>Adds the usual outputs of a decision; those that the case does not ask for are not looked at.</summary>
    public void Add(in RoutingDecision decision)
    {
        int topK = decision.TopK, experts = decision.ExpertCount, tokens = decision.TokenCount;
        Tensor combine = ScatterWeightsOp.Apply(decision.Weights, decision.ServedIds, experts);
        Outputs["combine"] = Outputs["probs"] = Outputs["gates"] = Outputs["scores"] = combine;
        Outputs["weights"] = decision.Weights;
        Outputs["expert_ids"] = decision.Ids.Span.ToArray();
        Outputs["expert_ids_sorted"] = Sorted(decision.Ids.Span, topK);
        int[] chosen = new int[experts], served = new int[experts], map = new int[tokens * experts], slot = new int[tokens * experts];
        decision.CountChosen(chosen);
        decision.CountServed(served);
        Array.Fill(slot, -1);
        for (int i = 0; i < decision.ServedIds.Length; i++)
        {
            int id = decision.ServedIds[i];
            if (id >= 0 && decision.Weights.Span[i] != 0)
            {
                map[(i / topK * experts) + id] = 1;
                slot[(i / topK * experts) + id] = decision.Positions?[i] ?? -1;
            }
        }

        Outputs["counts"] = Outputs["counts_before_drop"] = chosen;
        Outputs["counts_after_drop"] = served;
        Outputs["map"] = Outputs["dispatch"] = map;
        Outputs["slot"] = slot;
        Outputs["dropped_assignments"] = decision.CountDropped();
        Outputs["capacity"] = decision.Capacity;
        if (decision.Positions is not null)
        {
            Outputs["position"] = decision.Positions.Span.ToArray();
        }

        int[] perToken = new int[tokens];
        for (int i = 0; i < map.Length; i++)
        {
            perToken[i / experts] += map[i];
        }

        Outputs["experts_per_token"] = perToken;
        if (Case.Has("outputs/expert_ids") && Case.Has("outputs/weights"))
        {
            ByReferenceOrder(combine, decision);
        }
    }

    /// <summary>Order inside a row has no meaning in some files: weights are compared at the experts of the reference.</summary>
    private void ByReferenceOrder(Tensor combine, in RoutingDecision decision)
    {
        int[] reference = Case.Ints("outputs/expert_ids");
        int topK = decision.TopK;
        if (reference.Length != decision.Ids.Length || !Sorted(reference, topK).SequenceEqual((int[])Outputs["expert_ids_sorted"]))
        {
            return; // a fault, shown by expert_ids
        }

        Outputs["expert_ids"] = reference;
        Outputs["weights"] = GatherColumnsOp.Apply(combine, Indices.From(reference));
    }

    /// <summary>Counts per group of the case, [G][E].</summary>
    public static int[] PerGroup(Indices ids, int topK, int experts, Indices? groups)
    {
        if (groups is null)
        {
            int[] all = new int[experts];
            foreach (int id in ids.Span)
            {
                all[Math.Max(id, 0)] += id >= 0 ? 1 : 0;
            }

            return all;
        }

        int[] counts = new int[(groups.Length - 1) * experts];
        for (int g = 0; g + 1 < groups.Length; g++)
        {
            foreach (int id in ids.Span[(groups[g] * topK)..(groups[g + 1] * topK)])
            {
                if (id >= 0)
                {
                    counts[(g * experts) + id]++;
                }
            }
        }

        return counts;
    }

    private static int[] Sorted(ReadOnlySpan<int> ids, int topK)
    {
        int[] sorted = ids.ToArray();
        for (int start = 0; start < sorted.Length; start += topK)
        {
            Array.Sort(sorted, start, topK);
        }

        return sorted;
    }
}
