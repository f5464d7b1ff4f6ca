using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;

namespace MoeSharp.Tests.Formats.Safetensors;

/// <summary>94 files with at most one defect each, made with safetensors 0.8.0 (Apache-2.0): see Golden/Data/safetensors_malformed/index.json.</summary>
public sealed class SafetensorsMalformedTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "safetensors_malformed");

    /// <summary>What the message must name for each defect: the reason, not only a refusal.</summary>
    private static readonly Dictionary<string, string> s_reasons = new()
    {
        ["empty_file"] = "has 0 bytes",
        ["short_file"] = "has 5 bytes",
        ["length_only"] = "length 0",
        ["empty_header"] = "length 0",
        ["header_beyond_file"] = "but only 112 follow",
        ["header_length_2_63"] = "9,223,372,036,854,775,808 bytes",
        ["header_length_2_64_minus_1"] = "18,446,744,073,709,551,615 bytes",
        ["header_length_2_64_minus_8"] = "18,446,744,073,709,551,608 bytes",
        ["header_100mb"] = "at most 100,000,000",
        ["header_100mb_limit"] = "claims 100,000,000 bytes, but only",
        ["header_not_json"] = "starts with the byte",
        ["header_cut"] = "is not valid JSON",
        ["header_array"] = "starts with the byte 0x5b",
        ["header_null"] = "starts with the byte 0x6e",
        ["header_bom"] = "starts with the byte 0xef",
        ["header_leading_space"] = "starts with the byte 0x20",
        ["header_trailing_text"] = "after its closing brace",
        ["header_trailing_nul"] = "0x00 after its closing brace",
        ["header_invalid_utf8"] = "not valid UTF-8",
        ["header_lone_surrogate"] = "surrogate pair",
        ["header_single_quotes"] = "is not valid JSON",
        ["header_trailing_comma"] = "is not valid JSON",
        ["header_comment"] = "is not valid JSON",
        ["duplicate_keys"] = "stands twice",
        ["duplicate_keys_two_ranges"] = "stands twice",
        ["duplicate_field"] = "has shape twice",
        ["duplicate_metadata"] = "stands twice",
        ["metadata_duplicate_key"] = "stands twice",
        ["metadata_number"] = "a number instead of a text",
        ["metadata_null"] = "null instead of a text",
        ["metadata_nested"] = "an object instead of a text",
        ["metadata_array"] = "an array instead of an object",
        ["metadata_is_null"] = "null instead of an object",
        ["metadata_deep"] = "instead of a text",
        ["metadata_as_tensor"] = "an array instead of a text",
        ["offsets_overlap"] = "overlaps",
        ["offsets_same_range"] = "overlaps",
        ["offsets_beyond_data"] = "the file ends after",
        ["offsets_far_beyond"] = "leaves a hole",
        ["offsets_reversed"] = "begin lies after the end",
        ["offsets_too_short"] = "(20 bytes)",
        ["offsets_too_long"] = "(28 bytes)",
        ["offsets_three"] = "has 3 data_offsets",
        ["offsets_one"] = "has 1 data_offsets",
        ["offsets_negative"] = "whole numbers",
        ["offsets_float"] = "whole numbers",
        ["offsets_string"] = "whole numbers",
        ["offsets_2_64"] = "above 2^63 - 1",
        ["gap_between"] = "leaves a hole",
        ["gap_at_start"] = "leaves a hole",
        ["trailing_bytes"] = "1 bytes follow the last tensor",
        ["truncated_data"] = "the file ends after",
        ["data_missing"] = "the file ends after 0",
        ["data_without_tensors"] = "follow the last tensor",
        ["shape_negative"] = "whole numbers",
        ["shape_float"] = "whole numbers",
        ["shape_exponent"] = "whole numbers",
        ["shape_string"] = "whole numbers",
        ["shape_number"] = "a number instead of an array",
        ["shape_null"] = "null instead of an array",
        ["shape_overflow_2_64"] = "exceeds 64 bits",
        ["shape_overflow_bytes"] = "exceeds 64 bits",
        ["shape_overflow_wraps"] = "2^63 - 1",
        ["shape_overflow_then_zero"] = "2^63 - 1",
        ["shape_too_large_number"] = "2^63 - 1",
        ["shape_mismatch"] = "takes 16",
        ["dtype_unknown"] = "unknown dtype 'F33'",
        ["dtype_lower_case"] = "unknown dtype 'f32'",
        ["dtype_number"] = "a number instead of a text as dtype",
        ["dtype_missing"] = "has no dtype",
        ["shape_missing"] = "has no shape",
        ["offsets_missing"] = "has no data_offsets",
        ["extra_field"] = "unknown field",
        ["tensor_null"] = "null instead of an object",
        ["tensor_array"] = "an array instead of an object",
        ["f4_half_byte"] = "not whole bytes",
    };

    public static TheoryData<string> Names(bool valid)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, "index.json")));
        return [.. index.RootElement.GetProperty("cases").EnumerateArray()
            .Where(entry => entry.GetProperty("valid").GetBoolean() == valid)
            .Select(entry => Path.GetFileNameWithoutExtension(entry.GetProperty("file").GetString()!))];
    }

    [Fact]
    public void Every_case_is_tested()
    {
        (Names(true).Count, Names(false).Count).ShouldBe((18, 76));
        s_reasons.Keys.Order().ShouldBe(Names(false).Select(row => row.Data).Order());
    }

    [Theory]
    [MemberData(nameof(Names), false)]
    public void A_defective_file_is_refused_for_its_reason(string name)
    {
        string path = Path.Combine(s_folder, name + ".safetensors");

        var fault = Should.Throw<ModelFormatException>(() => SafetensorsFile.Open(path).Dispose());

        fault.Message.ShouldStartWith(name + ".safetensors, ");
        fault.Message.ShouldContain(s_reasons[name]);
        fault.Message.ShouldNotContain("\n");
        fault.Offset.ShouldNotBeNull();
        fault.Offset.Value.ShouldBeInRange(0, name is "offsets_far_beyond" ? long.MaxValue : Math.Max(0, new FileInfo(path).Length));
    }

    [Theory]
    [MemberData(nameof(Names), true)]
    public void A_valid_file_reads_as_the_library_reads_it(string name)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, "index.json")));
        JsonElement expected = index.RootElement.GetProperty("cases").EnumerateArray()
            .Single(entry => entry.GetProperty("file").GetString() == name + ".safetensors");
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(s_folder, name + ".safetensors"));

        JsonElement[] tensors = [.. expected.GetProperty("deserialize").GetProperty("tensors").EnumerateArray()];
        file.Tensors.Count.ShouldBe(tensors.Length);
        foreach (JsonElement tensor in tensors)
        {
            StoredTensor stored = file.Find(tensor[0].GetString()!);
            stored.Type.Name().ShouldBe(tensor[1].GetString());
            stored.Shape.ShouldBe(tensor[2].EnumerateArray().Select(size => size.GetInt64()));
            var bytes = new byte[stored.ByteLength];
            file.ReadBytes(stored, 0, bytes);
            Convert.ToHexStringLower(bytes).ShouldBe(tensor[3].GetString());
        }

        JsonElement metadata = expected.GetProperty("safe_open").GetProperty("metadata");
        Dictionary<string, string> texts = metadata.ValueKind == JsonValueKind.Null
            ? []
            : metadata.EnumerateObject().ToDictionary(text => text.Name, text => text.Value.GetString()!);
        file.Metadata.OrderBy(text => text.Key).ShouldBe(texts.OrderBy(text => text.Key));
    }
}
