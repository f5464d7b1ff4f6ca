using MoeSharp.Analysis;
using MoeSharp.Analysis.Verification;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.Formats;
using MoeSharp.Tests.Formats.Gguf;

namespace MoeSharp.Tests.Models.Decoding.Gguf;

/// <summary>Tensors as older and as newer converters write them: the same model.</summary>
public sealed class OlderFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("families/deepseek_v2.bf16.gguf", false)]
    [InlineData("families/deepseek_v3.bf16.gguf", false)]
    [InlineData("families/deepseek_v3.bf16.gguf", true)]
    public void Keys_and_values_of_latent_attention_in_one_matrix_are_the_two_of_newer_files(string name, bool keepsBoth)
    {
        string path = _folder["model.gguf"];
        using (GgufFile file = GgufFile.Open(GgufGolden.Path(name)))
        {
            GgufMetadata metadata = file.Values;
            int heads = metadata.GetInt("deepseek2.attention.head_count"), rank = metadata.GetInt("deepseek2.attention.kv_lora_rank");
            int head = metadata.GetInt("deepseek2.attention.key_length_mla"), values = metadata.GetInt("deepseek2.attention.value_length_mla");
            int keys = head - metadata.GetInt("deepseek2.rope.dimension_count");
            var tensors = new List<(GgufEntry Entry, float[] Values)>();
            foreach (StoredTensor tensor in file.Tensors)
            {
                bool isOld = tensor.Name.Contains("attn_k_b", StringComparison.Ordinal) || tensor.Name.Contains("attn_v_b", StringComparison.Ordinal);
                if (!isOld || keepsBoth)
                {
                    tensors.Add((new GgufEntry(tensor.Name, StoredType.F32, tensor.Shape), file.ReadFloat32(tensor.Name)));
                }

                if (tensor.Name.EndsWith("attn_k_b.weight", StringComparison.Ordinal))
                {
                    // [H, c, n] and [H, v, c] → [H·(n + v), c]
                    float[] up = file.ReadFloat32(tensor.Name), down = file.ReadFloat32(tensor.Name.Replace("_k_b", "_v_b", StringComparison.Ordinal));
                    float[] both = new float[heads * (keys + values) * rank];
                    for (int i = 0; i < both.Length; i++)
                    {
                        int h = i / rank / (keys + values), row = i / rank % (keys + values), c = i % rank;
                        both[i] = row < keys ? up[(((h * rank) + c) * keys) + row] : down[(((h * values) + row - keys) * rank) + c];
                    }

                    tensors.Add((new GgufEntry(tensor.Name.Replace("_k_b", "_kv_b", StringComparison.Ordinal), StoredType.F32, [heads * (keys + values), rank]), both));
                }
            }

            if (!keepsBoth)
            {
                metadata.Remove("deepseek2.attention.key_length_mla");
                metadata.Remove("deepseek2.attention.value_length_mla");
                metadata.Set("deepseek2.attention.key_length", GgufValue.Of((uint)head));
                metadata.Set("deepseek2.attention.value_length", GgufValue.Of((uint)values));
                metadata.Set("deepseek2.attention.head_count_kv", GgufValue.Of((uint)heads));
            }

            Write(path, metadata, tensors);
        }

        Same(path, GgufGolden.Path(name));
    }

    [Theory]
    [InlineData("families/mixtral.bf16.gguf")]
    [InlineData("families/qwen3_moe.bf16.gguf")]
    [InlineData("families/deepseek_v3.bf16.gguf")]
    public void Gate_and_up_projections_of_all_experts_in_one_stack_are_the_two_of_other_files(string name)
    {
        string path = _folder["model.gguf"];
        using (GgufFile file = GgufFile.Open(GgufGolden.Path(name)))
        {
            var tensors = new List<(GgufEntry Entry, float[] Values)>();
            foreach (StoredTensor tensor in file.Tensors.Where(tensor => !tensor.Name.Contains("ffn_up_exps", StringComparison.Ordinal)))
            {
                float[] values = file.ReadFloat32(tensor.Name);
                if (!tensor.Name.Contains("ffn_gate_exps", StringComparison.Ordinal))
                {
                    tensors.Add((new GgufEntry(tensor.Name, StoredType.F32, tensor.Shape), values));
                    continue;
                }

                float[] up = file.ReadFloat32(tensor.Name.Replace("gate", "up", StringComparison.Ordinal));
                int matrix = values.Length / (int)tensor.Shape[0];
                float[] both = [.. Enumerable.Range(0, (int)tensor.Shape[0]).SelectMany(
                    e => values.Skip(e * matrix).Take(matrix).Concat(up.Skip(e * matrix).Take(matrix)))];
                tensors.Add((new GgufEntry(
                    tensor.Name.Replace("gate", "gate_up", StringComparison.Ordinal), StoredType.F32, [tensor.Shape[0], 2 * tensor.Shape[1], tensor.Shape[2]]), both));
            }

            Write(path, file.Values, tensors);
        }

        Same(path, GgufGolden.Path(name));
    }

    [Fact]
    public void One_matrix_an_expert_is_the_stack_of_other_files()
    {
        string path = _folder["model.gguf"], name = GgufGolden.Path("families/mixtral.bf16.gguf");
        using (GgufFile file = GgufFile.Open(name))
        {
            var tensors = new List<(GgufEntry Entry, float[] Values)>();
            foreach (StoredTensor tensor in file.Tensors)
            {
                float[] values = file.ReadFloat32(tensor.Name);
                if (!tensor.Name.Contains("_exps", StringComparison.Ordinal))
                {
                    tensors.Add((new GgufEntry(tensor.Name, StoredType.F32, tensor.Shape), values));
                    continue;
                }

                int matrix = values.Length / (int)tensor.Shape[0];
                for (int e = 0; e < tensor.Shape[0]; e++)
                {
                    tensors.Add((new GgufEntry(
                        tensor.Name.Replace("_exps", $".{e}", StringComparison.Ordinal), StoredType.F32, [tensor.Shape[1], tensor.Shape[2]]),
                        values[(e * matrix)..((e + 1) * matrix)]));
                }
            }

            Write(path, file.Values, tensors);
        }

        Same(path, name);
    }

    // Logits in float32, stored weights, plan and verification: nothing minds how the tensors are cut.
    private static void Same(string path, string original)
    {
        int[] ids = SampleConfigs.Ids(24);
        using StoredModel expected = StoredModel.Open(original), actual = StoredModel.Open(path);
        IReadOnlyList<float> logits = LogitsDump.Run(expected.Load(WeightOptions.Float32), ids).Logits;
        LogitsDump.Run(actual.Load(WeightOptions.Float32), ids).Logits.ShouldBe(logits);
        LogitsDump.Run(actual.Load(WeightOptions.Stored), ids).Logits.ShouldBe(logits);
        ModelVerifier.Verify(path, deep: true).Findings.ShouldBeEmpty();
    }

    private static void Write(string path, GgufMetadata metadata, List<(GgufEntry Entry, float[] Values)> tensors)
    {
        using var writer = new GgufWriter(path, metadata, tensors.Select(tensor => tensor.Entry));
        foreach ((GgufEntry entry, float[] values) in tensors)
        {
            writer.Write(entry.Name, values);
        }

        writer.Commit();
    }
}
