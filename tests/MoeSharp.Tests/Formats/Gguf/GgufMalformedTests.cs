using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;

namespace MoeSharp.Tests.Formats.Gguf;

/// <summary>A sound file and 37 with one defect each: see Golden/Data/gguf/malformed/malformed.json.</summary>
public sealed class GgufMalformedTests
{
    /// <summary>What the message must name for each defect, and its byte: the reason, not only a refusal.</summary>
    private static readonly Dictionary<string, string> s_reasons = new()
    {
        ["bad_magic"] = "header, byte 0: starts with \"GGUX\"",
        ["magic_ggml_old"] = "header, byte 0: starts with \"ggml\"",
        ["version_99"] = "byte 4: is GGUF version 99",
        ["version_0"] = "byte 4: is GGUF version 0",
        ["version_1"] = "byte 4: is GGUF version 1, which has other lengths",
        ["tensor_count_2_63"] = "byte 8: claims 9,223,372,036,854,775,808 tensors",
        ["tensor_count_huge"] = "byte 8: claims 1,099,511,627,776 tensors",
        ["kv_count_huge"] = "byte 16: claims 4,611,686,018,427,387,904 metadata keys",
        ["string_past_end"] = "has a text of 1,048,576 bytes",
        ["string_length_2_64"] = "has a text of 18,446,744,073,709,551,615 bytes",
        ["key_length_huge"] = "has a key of 8,589,934,592 bytes",
        ["array_count_huge"] = "claims 2,305,843,009,213,693,952 elements",
        ["nested_arrays"] = "nests arrays deeper than 8",
        ["unknown_value_type"] = "unknown value type 77",
        ["bool_2"] = "is a flag with the value 2",
        ["duplicate_key"] = "key 'llama.block_count', byte",
        ["duplicate_tensor"] = "tensor 'output_norm.weight', byte",
        ["offset_past_end"] = "tensor 'output.weight', byte",
        ["offset_overflow"] = "beyond the end of any file",
        ["offset_misaligned"] = "no multiple of the alignment 32",
        ["overlapping_tensors"] = "overlaps the tensor before it",
        ["ndim_5"] = "has 5 dimensions",
        ["ndim_huge"] = "has 4,294,967,295 dimensions",
        ["dim_zero"] = "has a dimension of 0",
        ["dim_product_overflow"] = "whose size exceeds 63 bits",
        ["dim_negative"] = "has a dimension of 18446744073709551612",
        ["unknown_tensor_type"] = "has type 200, which is not known",
        ["removed_tensor_type"] = "has type 4, which is no longer part",
        ["row_not_multiple_of_block"] = "is Q8_0 with rows of 8 elements",
        ["alignment_zero"] = "key 'general.alignment', byte 98: is 0",
        ["alignment_not_power_of_two"] = "is 24. It must be a power of two",
        ["alignment_wrong_type"] = "It must be a UInt32",
        ["truncated_in_metadata"] = "The file is cut short",
        ["truncated_in_tensor_info"] = "cut short or damaged",
        ["truncated_in_data"] = "tensor 'output.weight', byte",
        ["empty"] = "has 0 bytes",
        ["magic_only"] = "header, byte 4: needs 4 bytes, but the file ends after 0",
    };

    public static TheoryData<string> Names => [.. s_reasons.Keys];

    [Fact]
    public void Every_case_is_tested()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(GgufGolden.Path("malformed/malformed.json")));
        s_reasons.Keys.Append("good").Order()
            .ShouldBe(index.RootElement.GetProperty("files").EnumerateObject().Select(file => Path.GetFileNameWithoutExtension(file.Name)).Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_defective_file_is_refused_for_its_reason(string name)
    {
        string path = GgufGolden.Path($"malformed/{name}.gguf");

        var fault = Should.Throw<ModelFormatException>(() => GgufFile.Open(path).Dispose());

        fault.Message.ShouldStartWith(name + ".gguf, ");
        fault.Message.ShouldContain(s_reasons[name]);
        fault.Message.ShouldNotContain("\n");
        fault.Offset!.Value.ShouldBeInRange(0, new FileInfo(path).Length);

        // The same from memory, which is how the fuzz test reads.
        Should.Throw<ModelFormatException>(() => GgufHeader.Read(File.ReadAllBytes(path), path)).Message.ShouldBe(fault.Message);
    }

    [Fact]
    public void The_file_they_are_made_from_reads()
    {
        using GgufFile file = GgufFile.Open(GgufGolden.Path("malformed/good.gguf"));

        file.Values.GetText("general.architecture").ShouldBe("llama");
        file.Values.GetTexts("tokenizer.ggml.tokens").ShouldBe(["<pad>", "<s>", "</s>", "a"]);
        file.Values.GetOptionalNumbers("tokenizer.ggml.scores").ShouldBe([0, 0, 0, -1]);
        file.Find("token_embd.weight").Shape.ShouldBe([4, 8]);
        file.ReadFloat32("token_embd.weight").ShouldBe(Enumerable.Range(0, 32).Select(i => (float)i));
        file.ReadFloat32("output.weight").ShouldBe(Enumerable.Range(40, 32).Select(i => (float)i));
    }

    [Fact]
    public void A_file_that_has_grown_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] good = File.ReadAllBytes(GgufGolden.Path("malformed/good.gguf"));
        File.WriteAllBytes(folder["grown.gguf"], [.. good, 0]);

        Should.Throw<ModelFormatException>(() => GgufFile.Open(folder["grown.gguf"]).Dispose())
            .Message.ShouldBe("grown.gguf, data, byte 896: 1 bytes follow the last tensor. Only padding to 32 may; the file has grown or is damaged.");
    }

    [Fact]
    public void A_file_that_shrinks_while_it_is_open_is_told()
    {
        using var folder = new TemporaryFolder();
        File.Copy(GgufGolden.Path("malformed/good.gguf"), folder["a.gguf"]);
        using GgufFile file = GgufFile.Open(folder["a.gguf"]);
        byte[] bytes = File.ReadAllBytes(folder["a.gguf"]);
        using (var stream = new FileStream(folder["a.gguf"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.SetLength(bytes.Length - 100);
        }

        Should.Throw<ModelFormatException>(() => file.ReadFloat32("output.weight")).Message.ShouldContain("it has shrunk since it was opened");
    }
}
