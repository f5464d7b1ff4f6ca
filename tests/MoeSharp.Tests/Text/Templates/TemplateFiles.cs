using System.Text.Json;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

/// <summary>The reference files of templates.</summary>
internal static class TemplateFiles
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Golden", "Data", "chat-templates");

    public static JsonDocument Open(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, name)));

    /// <summary>The real templates that the repository holds, by name.</summary>
    public static IReadOnlyList<(string Name, string Source)> Real()
    {
        using JsonDocument file = Open("rendered.json");
        return
        [
            .. file.RootElement.EnumerateArray()
                .Select(item => (item.GetProperty("name").GetString()!, item.GetProperty("template").GetString()!))
                .DistinctBy(item => item.Item2),
        ];
    }

    public static string RenderOrFault(string template, JsonElement data, TemplateOptions? options = null)
    {
        try
        {
            return JinjaTemplate.Parse(template).Render(data, options);
        }
        catch (TemplateException fault)
        {
            return fault.Message;
        }
    }

    public static string Render(string template, string json = "{}", TemplateOptions? options = null)
    {
        using JsonDocument data = JsonDocument.Parse(json);
        return JinjaTemplate.Parse(template).Render(data.RootElement, options);
    }
}
