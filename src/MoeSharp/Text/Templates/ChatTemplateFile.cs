using System.Text;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;

namespace MoeSharp.Text.Templates;

/// <summary>The chat template beside a model's weights, not parsed yet: a model whose template is broken still runs.</summary>
/// <param name="Source">The template.</param>
/// <param name="ToolSource">Another template for conversations with tools; null for none.</param>
/// <param name="Tokens">The texts of special tokens, by the names that templates use.</param>
/// <param name="Name">What errors call it.</param>
internal sealed record ChatTemplateFile(string Source, string? ToolSource, IReadOnlyDictionary<string, string> Tokens, string Name)
{
    private const string JinjaName = "chat_template.jinja";
    private const string JsonName = "chat_template.json";
    private const string ConfigName = "tokenizer_config.json";
    private const string TemplateKey = "chat_template";
    private const string GgufKey = "tokenizer.chat_template";
    private const string DefaultName = "default";
    private const string ToolName = "tool_use";
    private const string ToolFolder = "additional_chat_templates";

    private static readonly string[] s_tokenNames = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    /// <summary>The template of a folder: <c>chat_template.jinja</c>, else <c>chat_template.json</c>, else <c>tokenizer_config.json</c>; null when
    /// there is none.</summary>
    /// <exception cref="ModelFormatException">A file is no JSON, or has a template that is no text.</exception>
    public static ChatTemplateFile? Read(string folder)
    {
        Dictionary<string, string> tokens = SpecialTokens(folder);
        string jinja = Path.Combine(folder, JinjaName);
        if (File.Exists(jinja))
        {
            string tools = Path.Combine(folder, ToolFolder, ToolName + ".jinja");
            return new ChatTemplateFile(File.ReadAllText(jinja), File.Exists(tools) ? File.ReadAllText(tools) : null, tokens, JinjaName);
        }

        foreach (string name in (string[])[JsonName, ConfigName])
        {
            string path = Path.Combine(folder, name);
            if (File.Exists(path) && FromJson(path, tokens) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The template of a GGUF file; null when it has none.</summary>
    /// <exception cref="ModelFormatException">It is no text.</exception>
    public static ChatTemplateFile? Read(GgufMetadata metadata)
    {
        string? source = metadata.GetOptionalText(GgufKey);
        string? tools = metadata.GetOptionalText($"{GgufKey}.{ToolName}");
        return source is null ? null : new ChatTemplateFile(source, tools, SpecialTokens(metadata), GgufKey);
    }

    /// <summary>The texts of special tokens of a folder.</summary>
    /// <exception cref="ModelFormatException">A file is no JSON.</exception>
    public static Dictionary<string, string> SpecialTokens(string folder)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in (string[])["special_tokens_map.json", ConfigName])
        {
            string path = Path.Combine(folder, file);
            if (!File.Exists(path))
            {
                continue;
            }

            using JsonDocument json = Open(path);
            foreach (string name in json.RootElement.ValueKind == JsonValueKind.Object ? s_tokenNames : [])
            {
                if (json.RootElement.TryGetProperty(name, out JsonElement token) && Text(token) is { } text)
                {
                    tokens[name] = text;
                }
            }
        }

        return tokens;
    }

    /// <summary>The texts of special tokens of a GGUF file.</summary>
    public static Dictionary<string, string> SpecialTokens(GgufMetadata metadata)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        if (metadata.GetOptionalTexts("tokenizer.ggml.tokens") is not { } vocabulary)
        {
            return tokens;
        }

        foreach ((string name, string key) in (ReadOnlySpan<(string, string)>)
            [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding"), ("sep_token", "seperator")])
        {
            if (metadata.GetOptionalInt($"tokenizer.ggml.{key}_token_id") is { } id && (uint)id < (uint)vocabulary.Count)
            {
                tokens[name] = vocabulary[id];
            }
        }

        return tokens;
    }

    /// <summary>Reads the template itself.</summary>
    /// <exception cref="TemplateException">It breaks the grammar.</exception>
    public ChatTemplate Parse() => ChatTemplate.Parse(Source, Tokens, Name, ToolSource);

    /// <summary>Writes the template and the texts of special tokens into a folder, as published models have them.</summary>
    public void Save(string folder)
    {
        AtomicFile.WriteAllBytes(Path.Combine(folder, JinjaName), Encoding.UTF8.GetBytes(Source));
        if (ToolSource is not null)
        {
            string tools = Path.Combine(folder, ToolFolder);
            Directory.CreateDirectory(tools);
            AtomicFile.WriteAllBytes(Path.Combine(tools, ToolName + ".jinja"), Encoding.UTF8.GetBytes(ToolSource));
        }

        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach ((string name, string text) in Tokens)
            {
                json.WriteString(name, text);
            }

            json.WriteEndObject();
        }

        AtomicFile.WriteAllBytes(Path.Combine(folder, ConfigName), content.ToArray());
    }

    private static ChatTemplateFile? FromJson(string path, Dictionary<string, string> tokens)
    {
        using JsonDocument json = Open(path);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(TemplateKey, out JsonElement template)
            || template.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (template.ValueKind == JsonValueKind.String)
        {
            return new ChatTemplateFile(template.GetString()!, null, tokens, Path.GetFileName(path));
        }

        // Several templates by name.
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonElement entry in template.ValueKind == JsonValueKind.Array ? template.EnumerateArray() : default)
        {
            if (entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("name", out JsonElement name) && Text(name) is { } key
                && entry.TryGetProperty("template", out JsonElement source) && Text(source) is { } text)
            {
                named[key] = text;
            }
        }

        return named.Count == 0
            ? throw new ModelFormatException(path, TemplateKey, null, "is neither a text nor a list of templates with names. Correct it.")
            : new ChatTemplateFile(named.GetValueOrDefault(DefaultName) ?? named.Values.First(), named.GetValueOrDefault(ToolName), tokens, Path.GetFileName(path));
    }

    private static string? Text(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Object when element.TryGetProperty("content", out JsonElement content) => Text(content),
        _ => null,
    };

    private static JsonDocument Open(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException fault)
        {
            throw new ModelFormatException(path, null, fault.BytePositionInLine, $"is no JSON: {fault.Message}");
        }
    }
}
