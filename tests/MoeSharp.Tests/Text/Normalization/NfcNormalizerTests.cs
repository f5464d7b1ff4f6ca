using System.Text;
using System.Text.Json;
using MoeSharp.Text.Normalization;

namespace MoeSharp.Tests.Text.Normalization;

public class NfcNormalizerTests
{
    private readonly NfcNormalizer _normalizer = new();

    [Fact]
    public void Random_sequences_and_every_decomposition_compose_as_in_python()
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "normalization", "nfc.json");
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(file));
        int count = 0;
        foreach (JsonElement item in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = item[0].GetString()!;
            string expected = item[1].GetString()!;
            string context = string.Join(' ', text.EnumerateRunes().Select(rune => $"{rune.Value:X4}"));
            Encoding.UTF8.GetString(_normalizer.Normalize(Encoding.UTF8.GetBytes(text))).ShouldBe(expected, context);
            Encoding.UTF8.GetString(_normalizer.Normalize(Encoding.UTF8.GetBytes("x" + text + " y"))).ShouldEndWith(" y", Case.Sensitive, context);
            count++;
        }

        count.ShouldBeGreaterThan(2600);
    }

    [Fact]
    public void Text_that_needs_nothing_is_the_same_memory()
    {
        byte[] text = Encoding.UTF8.GetBytes("plain é “quoted” 中文 😀");
        (_normalizer.Normalize(text) == text.AsSpan()).ShouldBeTrue();
    }

    [Fact]
    public void Bytes_outside_utf8_pass_and_take_no_mark()
    {
        byte[] text = [0x65, 0xCC, 0x81, 0xFF, 0xCC, 0x81, 0x65, 0xCC];
        _normalizer.Normalize(text).ToArray().ShouldBe([0xC3, 0xA9, 0xFF, 0xCC, 0x81, 0x65, 0xCC]);
    }
}
