using System.Text.Json;
using MoeSharp.Tensors;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

/// <summary>Damaged templates give a fault or a text, never anything else.</summary>
public class TemplateFuzzTests
{
    private const ulong Seed = 20250710;
    private static readonly TemplateOptions s_options = new() { TimeLimit = TimeSpan.FromSeconds(2), MaxOutputLength = 200_000 };

    [Fact]
    public void Truncated_and_changed_templates_never_crash_or_hang()
    {
        using JsonDocument file = TemplateFiles.Open("rendered.json");
        var random = new Rng(Seed);
        string[] pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "-", "'", "\"", "(", ")", "[", "]", "{", "}", "|", "~", " if ", " else ", " for ", "\n", "\\", "0", "none", "loop", "\ud800"];
        int count = 0;
        foreach (JsonElement item in file.RootElement.EnumerateArray())
        {
            string source = item.GetProperty("template").GetString()!;
            for (int i = 0; i < 60; i++)
            {
                int at = random.NextInt(source.Length + 1);
                string damaged = (i % 3) switch
                {
                    0 => source[..at],
                    1 => source[..at] + pieces[random.NextInt(pieces.Length)] + source[at..],
                    _ => source[..at] + source[Math.Min(source.Length, at + 1 + random.NextInt(20))..],
                };
                TryRender(damaged, item.GetProperty("data"));
                count++;
            }
        }

        count.ShouldBeGreaterThan(2000);
    }

    private static void TryRender(string template, JsonElement data)
    {
        try
        {
            JinjaTemplate.Parse(template).Render(data, s_options);
        }
        catch (TemplateException fault)
        {
            fault.Line.ShouldBeGreaterThan(0);
        }
        catch (Exception other)
        {
            Assert.Fail($"{other.GetType().Name}: {other.Message}\nfor this template (seed {Seed}):\n{template}");
        }
    }
}
