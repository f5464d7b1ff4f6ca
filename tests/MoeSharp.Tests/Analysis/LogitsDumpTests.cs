using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Analysis;

public class LogitsDumpTests
{
    [Fact]
    public void The_file_has_logits_hidden_states_and_routing_of_layers_with_experts()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("moesharp").FullName, "out.safetensors");
        LogitsDump dump = LogitsDump.Run(SampleConfigs.Build("qwen3"), SampleConfigs.Ids(5));
        dump.Save(path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        file.Tensors.Select(tensor => tensor.ToString()).Order().ShouldBe(
        [
            "tensor 'hidden.0' F32 [5, 32]", "tensor 'hidden.1' F32 [5, 32]", "tensor 'hidden.2' F32 [5, 32]",
            "tensor 'hidden.3' F32 [5, 32]", "tensor 'logits' F32 [5, 97]",
            "tensor 'routing.0.ids' I32 [5, 2]", "tensor 'routing.0.weights' F32 [5, 2]",
            "tensor 'routing.2.ids' I32 [5, 2]", "tensor 'routing.2.weights' F32 [5, 2]",
        ]);
        file.ReadFloat32("logits").ShouldBe(dump.Logits);
        file.ReadInt32("routing.2.ids").ShouldBe(dump.Routing[1].Ids);
    }

    [Fact]
    public void Usage_counts_every_choice_once()
    {
        LogitsDump dump = LogitsDump.Run(SampleConfigs.Build("mixtral"), SampleConfigs.Ids(40));
        ExpertUsage usage = ExpertUsage.From(dump.Routing);
        usage.Layers.Count.ShouldBe(2);
        foreach (LayerUsage layer in usage.Layers)
        {
            layer.Counts.Sum().ShouldBe(80);
            layer.Weights.Sum().ShouldBe(40, 1e-4);
            Enumerable.Range(0, 8).Sum(layer.Share).ShouldBe(1, 1e-9);
        }

        usage.ToString().ShouldContain("layer 1, 40 tokens");
    }
}
