using System.Text;
using MoeSharp.Formats;

namespace MoeSharp.Tests.Formats;

public sealed class JsonConfigTests
{
    [Fact]
    public void Values_of_every_kind_are_read()
    {
        JsonConfig config = Parse("""
            {"i": 8, "whole": 4096.0, "d": 1e-5, "b": true, "s": "silu", "n": null, "eos": 2, "eos2": [2, 3],
             "doubles": [1, 2.5], "names": ["a", "b"], "rope_scaling": {"type": "yarn", "factor": 4, "extra": 1}}
            """);

        config.GetInt("i").ShouldBe(8);
        config.GetInt("whole").ShouldBe(4096);
        config.GetDouble("d").ShouldBe(1e-5);
        config.GetDouble("i").ShouldBe(8);
        config.GetBool("b").ShouldBeTrue();
        config.GetString("s").ShouldBe("silu");
        config.GetOptionalInt("n").ShouldBeNull();
        config.GetOptionalString("absent").ShouldBeNull();
        config.GetIntOr("n", 7).ShouldBe(7);
        config.GetBoolOr("absent", true).ShouldBeTrue();
        config.GetDoubleOr("absent", 0.5).ShouldBe(0.5);
        config.GetStringOr("absent", "x").ShouldBe("x");
        config.GetOptionalInts("eos").ShouldBe([2]);
        config.GetOptionalInts("eos2").ShouldBe([2, 3]);
        config.GetOptionalDoubles("doubles").ShouldBe([1, 2.5]);
        config.GetOptionalStrings("names").ShouldBe(["a", "b"]);
        config.FirstOf("absent", "i").ShouldBe("i");
        config.FirstOf("absent", "missing").ShouldBe("absent");
        JsonConfig rope = config.GetOptionalSection("rope_scaling")!;
        rope.GetString("type").ShouldBe("yarn");
        rope.GetDouble("factor").ShouldBe(4);
        config.Faults.ShouldBeEmpty();
        config.UnreadKeys.ShouldBe(["rope_scaling.extra"]);
    }

    [Fact]
    public void Keys_that_nobody_asked_for_are_listed_in_the_order_of_the_file()
    {
        JsonConfig config = Parse("""{"c": 1, "quantization_config": {"bits": 4}, "a": null, "b": 2, "has": 3, "skip": 0}""");
        config.GetInt("b");
        config.Has("has").ShouldBeTrue();
        config.Has("a").ShouldBeFalse();
        config.Ignore("skip", "not there");

        config.UnreadKeys.ShouldBe(["c", "quantization_config", "a", "has"]);
    }

    [Fact]
    public void All_faults_are_thrown_at_once()
    {
        JsonConfig config = Parse("""
            {"i": "8", "f": 1.5, "big": 4294967296, "d": true, "b": 1, "s": ["x"], "eos": [1, "2"], "rope": {"factor": "4"}, "list": [], "inf": 1e999}
            """);
        config.GetInt("i");
        config.GetInt("f");
        config.GetInt("big");
        config.GetInt("missing");
        config.GetDouble("d");
        config.GetBool("b");
        config.GetString("s");
        config.GetOptionalInts("eos");
        config.GetOptionalSection("rope")!.GetDouble("factor");
        config.GetOptionalSection("rope")!.GetInt("beta");
        config.GetOptionalSection("list");
        config.GetDouble("inf");
        config.GetString("name");
        config.AddFault("top_k must be at most 4, got 9.");

        Should.Throw<ConfigException>(config.ThrowIfFaulty).Message.ShouldBe("""
            Invalid config.json:
              i must be a whole number of 32 bits, got "8".
              f must be a whole number of 32 bits, got 1.5.
              big must be a whole number of 32 bits, got 4294967296.
              missing is missing. It must be a whole number.
              d must be a finite number, got true.
              b must be true or false, got 1.
              s must be a text, got a list of 1.
              eos must be a list of whole numbers of 32 bits, got a list of 2.
              rope.factor must be a finite number, got "4".
              rope.beta is missing. It must be a whole number.
              list must be an object, got a list of 0.
              inf must be a finite number, got 1e999.
              name is missing. It must be a text.
              top_k must be at most 4, got 9.
            """);
    }

    [Theory]
    [InlineData("", "is not valid JSON")]
    [InlineData("{", "is not valid JSON")]
    [InlineData("[1]", "is a list of 1, not an object.")]
    [InlineData("null", "is null, not an object.")]
    [InlineData("""{"a": 1, "a": 2}""", "is not valid JSON")]
    [InlineData("""{"a": 1} x""", "is not valid JSON")]
    public void A_text_that_is_no_object_is_refused(string json, string reason)
    {
        Should.Throw<ModelFormatException>(() => Parse(json)).Message.ShouldContain(reason);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped() => Parse("\uFEFF{\"a\":1}").GetInt("a").ShouldBe(1);

    private static JsonConfig Parse(string json) => JsonConfig.Parse("/models/x/config.json", Encoding.UTF8.GetBytes(json));
}
