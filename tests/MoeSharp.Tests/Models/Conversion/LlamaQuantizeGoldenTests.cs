using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding.Gguf;

namespace MoeSharp.Tests.Models.Conversion;

/// <summary>Which type llama-quantize gave to which tensor: files of <c>Golden/Data/gguf/models</c>.</summary>
public class LlamaQuantizeGoldenTests
{
    private static readonly string[] s_mixtures = ["Q4_K_M", "MXFP4_MOE"];

    private static string Root { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "gguf", "models");

    [Fact]
    public void Every_tensor_gets_the_type_that_llama_quantize_gives_it()
    {
        int files = 0;
        foreach (string path in Directory.EnumerateFiles(Root, "*.gguf"))
        {
            string name = Path.GetFileNameWithoutExtension(path), type = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
            QuantizationRecipe recipe = QuantizationRecipe.Parse(type, pure: !s_mixtures.Contains(type));
            using GgufFile file = GgufFile.Open(path);
            RecipeFacts facts = RecipeFacts.Of(GgufLayouts.Read(file).Config);
            foreach (StoredTensor tensor in file.Tensors)
            {
                recipe.Choose(tensor.Name, tensor.Shape, facts).Format.Name.ShouldBe(tensor.Type.Name(), $"{name}: {tensor}");
            }

            files++;
        }

        files.ShouldBe(18);
    }
}
