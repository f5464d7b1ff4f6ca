using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Tensors;
using MoeSharp.Tests.Golden;

namespace MoeSharp.Tests.Models.Decoding;

public class DecoderFolderTests
{
    public static TheoryData<string> Names => [.. SampleConfigs.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Saved_and_loaded_is_the_same_model_bit_for_bit(string name)
    {
        string folder = NewFolder();
        Decoder decoder = SampleConfigs.Build(name);
        DecoderFolder.Save(decoder, folder);
        (Decoder back, _) = DecoderFolder.Load(folder);
        back.Config.ShouldBe(decoder.Config);
        back.State.Keys.ShouldBe(decoder.State.Keys);
        foreach ((string key, Tensor tensor) in decoder.State)
        {
            back.State[key].ToArray().ShouldBe(tensor.ToArray(), key);
        }
    }

    [Fact]
    public void A_published_model_is_saved_byte_for_byte()
    {
        foreach (string name in FamilyFolder.Names)
        {
            string folder = NewFolder();
            string original = Path.Combine(FamilyFolder.Root, name);
            (Decoder decoder, Family family) = DecoderFolder.Load(original);
            DecoderFolder.Save(decoder, folder, DType.BF16, family);
            using SafetensorsFile ours = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
            using SafetensorsFile theirs = SafetensorsFile.Open(Path.Combine(original, "model.safetensors"));
            ours.Tensors.Select(tensor => tensor.ToString()).Order().ShouldBe(theirs.Tensors.Select(tensor => tensor.ToString()).Order(), name);
            foreach (StoredTensor tensor in theirs.Tensors)
            {
                Bytes(ours, tensor.Name).ShouldBe(Bytes(theirs, tensor.Name), tensor.Name);
            }
        }
    }

    [Theory]
    [InlineData("mixtral")]
    [InlineData("olmoe")]
    [InlineData("qwen3")]
    public void Fused_experts_are_read_as_single_ones(string name)
    {
        string folder = NewFolder();
        Decoder decoder = SampleConfigs.Build(name);
        Family family = DecoderFolder.Save(decoder, folder);
        WeightMap fused = family.Map(decoder.Config, tensor => tensor.EndsWith("gate_up_proj", StringComparison.Ordinal)
            || (name == "mixtral" && tensor.EndsWith("mlp.gate.weight", StringComparison.Ordinal)));
        Rewrite(folder, fused, decoder);
        (Decoder back, _) = DecoderFolder.Load(folder);
        int[] ids = SampleConfigs.Ids(20);
        LogitsDump.Run(back, ids).Logits.ShouldBe(LogitsDump.Run(decoder, ids).Logits);
    }

    [Fact]
    public void Missing_left_over_and_misshapen_tensors_are_one_error()
    {
        string folder = NewFolder();
        Decoder decoder = SampleConfigs.Build("mixtral");
        Family family = DecoderFolder.Save(decoder, folder);
        var map = new WeightMap();
        foreach (WeightBinding binding in family.Map(decoder.Config).Bindings)
        {
            if (binding.Tensor == "model.norm.weight")
            {
                map.Add("model.norm.scale", "norm.weight", binding.Shape);
            }
            else if (binding.Tensor == "lm_head.weight")
            {
                map.Add(binding.Tensor, new TensorShape(32, 97), binding.Segments);
            }
            else
            {
                map.Add(binding.Tensor, binding.Shape, binding.Segments);
            }
        }

        Rewrite(folder, map, decoder);
        Should.Throw<ModelFormatException>(() => DecoderFolder.Load(folder)).Message.ShouldBe(
            "model.safetensors: 1 tensor is missing: model.norm.weight; "
            + "1 tensor is of another shape: lm_head.weight is [32, 97] instead of [97, 32]; "
            + "1 tensor is left over: model.norm.scale. The tensors must be those that config.json describes.");
    }

    [Fact]
    public void A_tied_head_may_be_stored_as_what_it_is_and_as_nothing_else()
    {
        string folder = NewFolder();
        Decoder decoder = SampleConfigs.Build("windowed");
        Family family = DecoderFolder.Save(decoder, folder);
        WeightMap map = family.Map(decoder.Config);
        map.Add("lm_head.weight", "embedding.weight", decoder.State["embedding.weight"].Shape);
        Rewrite(folder, map, decoder);
        DecoderFolder.Load(folder).Decoder.Head.ShouldBeNull();

        map = family.Map(decoder.Config);
        WeightSegment[] shifted = [new("embedding.weight", 32, 0, 96 * 32), new("embedding.weight", 0, 96 * 32, 32)];
        map.Add("lm_head.weight", decoder.State["embedding.weight"].Shape, shifted);
        Rewrite(folder, map, decoder);
        Should.Throw<ModelFormatException>(() => DecoderFolder.Load(folder)).Message.ShouldContain("left over: lm_head.weight");
    }

    [Fact]
    public void A_folder_without_a_configuration_is_named() =>
        Should.Throw<ModelFormatException>(() => Model.Load(NewFolder())).Message.ShouldEndWith("the folder has no config.json.");

    [Fact]
    public void A_folder_that_is_not_there_is_named() =>
        Should.Throw<ModelFormatException>(() => Model.Load("/nowhere/at-all")).Message.ShouldBe("at-all: there is no such folder.");

    [Fact]
    public void End_tokens_come_from_both_files()
    {
        string folder = NewFolder();
        DecoderFolder.Save(SampleConfigs.Build("dense"), folder);
        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id": [5, 3], "do_sample": true}""");
        using Model model = Model.Load(folder);
        model.EndTokens.ShouldBe([3, 5]);
        model.Family!.ModelType.ShouldBe("mistral");
        string saved = NewFolder();
        model.Save(saved, DType.F32);
        using Model again = Model.Load(saved);
        again.EndTokens.ShouldBe([3, 5]);
    }

    private static void Rewrite(string folder, WeightMap map, Decoder decoder)
    {
        string path = Path.Combine(folder, "model.safetensors");
        using var writer = new SafetensorsWriter(
            path, map.Bindings.Select(binding => new SafetensorsEntry(binding.Tensor, StoredType.F32, binding.Shape.ToArray())));
        foreach (WeightBinding binding in map.Bindings)
        {
            foreach (WeightSegment segment in binding.Segments)
            {
                writer.Write(binding.Tensor, decoder.State[segment.Parameter].SpanAt(segment.ParameterStart, (int)segment.Length));
            }
        }

        writer.Commit();
    }

    private static byte[] Bytes(SafetensorsFile file, string name)
    {
        StoredTensor tensor = file.Find(name);
        byte[] bytes = new byte[tensor.ByteLength];
        file.ReadBytes(tensor, 0, bytes);
        return bytes;
    }

    private static string NewFolder() => Directory.CreateTempSubdirectory("moesharp").FullName;
}
