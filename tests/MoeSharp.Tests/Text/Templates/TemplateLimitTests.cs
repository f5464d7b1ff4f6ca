using System.Diagnostics;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

/// <summary>No template runs, grows or nests without end.</summary>
public class TemplateLimitTests
{
    private static readonly TemplateOptions s_tight = new() { TimeLimit = TimeSpan.FromMilliseconds(300), MaxOutputLength = 100_000 };

    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% set x = a %}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in range(99999) %}{{ 'some text' * 1000 }}{% endfor %}")]
    [InlineData("{% set n = namespace(s='ab') %}{% for a in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s }}")]
    [InlineData("{% set n = namespace(s='ab') %}{% for a in range(99) %}{% set n.s = n.s.replace('', n.s) %}{% endfor %}")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for a in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for a in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}")]
    [InlineData("{% set n = namespace(l=[1], m=[1]) %}{% for a in range(99) %}{% set n.l = [n.l, n.l] %}{% set n.m = [n.m, n.m] %}{% endfor %}{{ n.l == n.m }}")]
    [InlineData("{% set n = namespace(l=[]) %}{% for a in range(99999) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l | tojson }}")]
    [InlineData("{% set l = [] %}{% do l.append(l) %}{{ l }}")]
    [InlineData("{% set l = [] %}{% for a in range(99999) %}{% do l.extend(range(99999)) %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}")]
    [InlineData("{{ 2 ** (2 ** 100) }}")]
    [InlineData("{% set n = namespace(x=10) %}{% for a in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}")]
    [InlineData("{{ 'x' * 9999999999999 }}")]
    [InlineData("{{ 'x'.center(999999999) }}")]
    [InlineData("{{ [0] * 9999999999 }}")]
    [InlineData("{{ 'a' | indent(10000) * 1000000 }}")]
    public void A_template_without_end_is_stopped_with_a_reason(string template)
    {
        long start = Stopwatch.GetTimestamp();
        var fault = Should.Throw<TemplateException>(() => TemplateFiles.Render(template, options: s_tight));
        Stopwatch.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(20)); // the limit is 0.3 s; a busy machine may pause the test
        fault.Line.ShouldBe(1);
    }

    [Theory]
    [InlineData("{{ ", "(", "")]
    [InlineData("{{ ", "[", "")]
    [InlineData("{{ ", "not ", "")]
    [InlineData("{{ ", "-", "1 }}")]
    [InlineData("", "{% if x %}", "")]
    [InlineData("", "{% for x in y %}", "")]
    [InlineData("{% set ", "(", "")]
    [InlineData("{{ a", "[0]", " }}")]
    public void A_template_nested_without_end_is_refused(string before, string again, string after) => Should.Throw<TemplateException>(() =>
        TemplateFiles.Render(before + string.Concat(Enumerable.Repeat(again, 100_000)) + after));

    /// <summary>How long a chain may be depends on the stack of the thread; a longer one is refused.</summary>
    [Theory]
    [InlineData("{{ 1", " + 1", " }}", "100001")]
    [InlineData("{{ 'a'", "|upper", " }}", "A")]
    public void A_long_chain_is_rendered_or_refused(string before, string again, string after, string expected)
    {
        string result = TemplateFiles.RenderOrFault(
            before + string.Concat(Enumerable.Repeat(again, 100_000)) + after, System.Text.Json.JsonDocument.Parse("{}").RootElement);
        result.ShouldBeOneOf(expected, "template, line 1: values or calls are nested too deeply. The template may call itself without end.");
    }

    [Fact]
    public void Limits_can_be_raised_and_lowered()
    {
        TemplateFiles.Render("{{ 'x' * 1000 }}", options: new TemplateOptions { MaxOutputLength = 1000 }).Length.ShouldBe(1000);
        Should.Throw<TemplateException>(() => TemplateFiles.Render("{{ 'x' * 1001 }}", options: new TemplateOptions { MaxOutputLength = 1000 }))
            .Message.ShouldContain("1,000 characters");
        const string Nested = "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{% endif %}.{% endmacro %}{{ m(10) }}";
        TemplateFiles.Render(Nested, options: new TemplateOptions { MaxDepth = 11 }).ShouldBe("...........");
        Should.Throw<TemplateException>(() => TemplateFiles.Render(Nested, options: new TemplateOptions { MaxDepth = 10 })).Message.ShouldContain("10 levels");
    }
}
