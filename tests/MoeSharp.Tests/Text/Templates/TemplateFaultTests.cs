using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

/// <summary>What a template cannot do is told with its line and a cure.</summary>
public class TemplateFaultTests
{
    [Theory]
    [InlineData("a\n{{ x.y }}", 2, "'x' is undefined")]
    [InlineData("{{ d.k.y }}", 1, "a dict has no attribute 'k'")]
    [InlineData("{{ 1 + x }}", 1, "'x' is undefined")]
    [InlineData("{{ x() }}", 1, "'x' is undefined")]
    [InlineData("{{ x < 1 }}", 1, "'x' is undefined")]
    [InlineData("\n\n{{ 'a' + none }}", 3, "a str + a NoneType has no meaning")]
    [InlineData("{{ 1 / 0 }}", 1, "divided by 0")]
    [InlineData("{{ 'a' | nope }}", 1, "there is no filter 'nope'")]
    [InlineData("{{ 'a' is nope }}", 1, "there is no test 'nope'")]
    [InlineData("{% for x in 5 %}{% endfor %}", 1, "a int cannot be looped over")]
    [InlineData("{% for a, b in [[1, 2, 3]] %}{% endfor %}", 1, "3 values cannot be given to 2 variables")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", 1, "macro 'm' takes 1 arguments, got 2")]
    [InlineData("{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", 1, "has no parameter 'b'")]
    [InlineData("{{ [1, 'a'] | sort }}", 1, "have no order")]
    [InlineData("{{ range(200000) | length }}", 1, "too many")]
    [InlineData("{{ x | tojson }}", 1, "'x' is undefined")]
    [InlineData("{% set n = 1 %}{% set n.a = 2 %}", 1, "only fields of a namespace can be set")]
    public void A_rendering_that_fails_names_line_and_cause(string template, int line, string part) =>
        Check(template, line, part, () => TemplateFiles.Render(template, """{"d": {}}"""));

    [Theory]
    [InlineData("a\nb {{ 1 + }}", 2, "stands where an expression must be")]
    [InlineData("{% if x %}\n", 1, "Close it with '{% elif %}' or '{% else %}' or '{% endif %}'")]
    [InlineData("{% endif %}", 1, "'endif' is no statement here")]
    [InlineData("{% nope %}", 1, "'nope' is no statement here")]
    [InlineData("{{ 'abc }}", 1, "a text has no end")]
    [InlineData("{# abc", 1, "a comment has no end")]
    [InlineData("{{ (1 }}", 1, "closes what was not opened")]
    [InlineData("{{ a ? b }}", 1, "the character '?' has no meaning")]
    [InlineData("{% set true = 1 %}", 1, "'true' is a constant")]
    [InlineData("{% break %}", 1, "outside a loop")]
    [InlineData("{% include 'a' %}", 1, "needs other files")]
    [InlineData("{{ f(a=1, 2) }}", 1, "a value without name follows one with a name")]
    [InlineData("{% macro m(a=1, b) %}{% endmacro %}", 1, "parameter 'b' has no default")]
    [InlineData("{% raw %}abc", 1, "a raw block has no end")]
    public void A_template_that_breaks_the_grammar_names_line_and_cause(string template, int line, string part) =>
        Check(template, line, part, () => JinjaTemplate.Parse(template));

    [Fact]
    public void A_refusal_of_the_template_is_its_own_message()
    {
        var fault = Should.Throw<TemplateException>(() => TemplateFiles.Render("a\n{{ raise_exception('Roles must alternate!') }}"));
        fault.IsRefusal.ShouldBeTrue();
        fault.Fault.ShouldBe("Roles must alternate!");
        fault.Message.ShouldContain("line 2");
        fault.Message.ShouldContain("Roles must alternate!");
    }

    private static void Check(string template, int line, string part, Action action)
    {
        var fault = Should.Throw<TemplateException>(action, template);
        fault.Message.ShouldStartWith($"template, line {line}: ");
        fault.Message.ShouldContain(part);
        fault.Message.ShouldEndWith(".");
        fault.Line.ShouldBe(line);
        fault.IsRefusal.ShouldBeFalse();
    }
}
