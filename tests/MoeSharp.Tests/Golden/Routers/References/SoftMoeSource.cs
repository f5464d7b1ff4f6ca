using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Experts.Soft;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Tests.Golden.Routers.References;

/// <summary>soft-moe-pytorch: the whole layer with its experts.</summary>
internal static class SoftMoeSource
{
    public static void Run(GoldenRun run)
    {
        GoldenCase golden = run.Case;
        int[] shape = golden.Shape("inputs/x"); // [B, T, D]
        int size = shape[2], experts = golden.Int("params/num_experts"), slots = golden.Int("params/num_slots");
        bool gated = golden.Bool("params/geglu");
        int width = golden.Shape("weights/experts.experts.0.3.weight")[1];
        FeedForwardBank bank = gated ? ExpertBank.GeGlu(experts, width, hasBias: true) : ExpertBank.Gelu(experts, width, hasBias: true);
        var layer = new SoftMoeLayer(size, bank, slots, golden.Bool("params/layernorm") ? SlotNorm.Layer : SlotNorm.RootSize);
        Load(run, "slot_embeds", layer.Slots);
        Load(run, "norm.gamma", layer.TokenNormWeight!);
        Load(run, "slot_norm.gamma", layer.SlotNormWeight!);
        for (int e = 0; e < experts; e++)
        {
            string first = $"experts.experts.{e}.0.", last = $"experts.experts.{e}.3.";
            float[] up = golden.Floats($"weights/{first}weight"), bias = golden.Floats($"weights/{first}bias");
            Set(bank.UpProjection, e, up[..(width * size)]); // the first half is the value
            Set(bank.UpBias!, e, bias[..width]);
            if (gated)
            {
                Set(bank.GateProjection!, e, up[(width * size)..]);
                Set(bank.GateBias!, e, bias[width..]);
            }

            Set(bank.DownProjection, e, golden.Floats($"weights/{last}weight"));
            Set(bank.DownBias!, e, golden.Floats($"weights/{last}bias"));
            run.Parts[first + "weight"] = gated ? [(bank.UpProjection, e), (bank.GateProjection!, e)] : [(bank.UpProjection, e)];
            run.Parts[first + "bias"] = gated ? [(bank.UpBias!, e), (bank.GateBias!, e)] : [(bank.UpBias!, e)];
            run.Parts[last + "weight"] = [(bank.DownProjection, e)];
            run.Parts[last + "bias"] = [(bank.DownBias!, e)];
        }

        Tensor x = run.Input("x", "inputs/x", shape[0] * shape[1], size);
        var context = new RoutingContext
        {
            GroupStarts = Indices.From([.. Enumerable.Range(0, shape[0] + 1).Select(b => b * shape[1])]),
            Padding = golden.Has("params/mask") ? Indices.From([.. golden.Ints("params/mask").Select(mask => 1 - mask)]) : null,
        };
        run.Outputs["y"] = layer.Forward(x, context, out SoftRouting routing);
        run.Outputs["logits"] = routing.Logits;
        run.Outputs["dispatch"] = routing.Dispatch;
        run.Outputs["combine"] = routing.Combine;
    }

    private static void Load(GoldenRun run, string name, Parameter parameter)
    {
        run.Case.Floats("weights/" + name).CopyTo(parameter.Value.Span);
        run.Inputs[name] = parameter.Value;
    }

    private static void Set(Parameter parameter, int expert, float[] values) =>
        values.CopyTo(parameter.Value.Span.Slice(expert * values.Length, values.Length));
}
