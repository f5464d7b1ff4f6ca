using System.Text.Json;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

/// <summary>Renderings of other engines, character by character.</summary>
public class TemplateGoldenTests
{
    /// <summary>Real templates with their conversations; both dialects agree on them.</summary>
    [Theory]
    [InlineData(TemplateDialect.Python)]
    [InlineData(TemplateDialect.JavaScript)]
    public void Real_templates_render_their_conversations(TemplateDialect dialect) => Check("rendered.json", dialect, 36);

    /// <summary>The small cases of <c>@huggingface/jinja</c>, which writes values as JavaScript does.</summary>
    [Fact]
    public void Small_cases_render_as_the_JavaScript_engine_renders_them() => Check("jinja-unit.json", TemplateDialect.JavaScript, 157);

    /// <summary>Small cases rendered by Jinja itself, set up as in transformers (python.json names the version).</summary>
    [Fact]
    public void Small_cases_render_as_Jinja_renders_them()
    {
        using JsonDocument file = TemplateFiles.Open("python.json");
        JsonElement data = file.RootElement.GetProperty("data");
        var options = new TemplateOptions { Clock = new FixedClock() };
        var faults = new List<string>();
        int count = 0;
        foreach (JsonElement item in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            string template = item.GetProperty("template").GetString()!, expected = item.GetProperty("expected").GetString()!;
            string text = TemplateFiles.RenderOrFault(template, data, options);
            if (text != expected)
            {
                faults.Add($"{template}\n  expected {expected}\n  but got  {text}");
            }

            count++;
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
        count.ShouldBeGreaterThan(450);
    }

    private static void Check(string name, TemplateDialect dialect, int atLeast)
    {
        using JsonDocument file = TemplateFiles.Open(name);
        var options = new TemplateOptions { Dialect = dialect, Clock = new FixedClock() };
        var faults = new List<string>();
        foreach (JsonElement item in file.RootElement.EnumerateArray())
        {
            string expected = item.GetProperty("expected").GetString()!;
            string text = TemplateFiles.RenderOrFault(item.GetProperty("template").GetString()!, item.GetProperty("data"), options);
            if (text != expected)
            {
                faults.Add($"{item.GetProperty("name").GetString()}\n  expected {expected}\n  but got  {text}");
            }
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
        file.RootElement.GetArrayLength().ShouldBeGreaterThanOrEqualTo(atLeast);
    }
}
