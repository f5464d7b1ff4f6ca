using System.Text;
using System.Text.Json;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Models.Decoding;

namespace MoeSharp.Models.Conversion;

/// <summary>The small files of a Hugging Face folder, kept word for word inside a GGUF file, so that the way back gives them again.</summary>
/// <remarks>GGUF has a key for <c>tokenizer.json</c>; the others stand under keys of our own, which other programs pass over.</remarks>
internal static class SideFiles
{
    /// <summary>Settings of a tokenizer, among them the chat template.</summary>
    public const string TokenizerConfig = "tokenizer_config.json";

    /// <summary>The tokenizer.</summary>
    public const string Tokenizer = "tokenizer.json";

    /// <summary>The chat template, in newer folders.</summary>
    public const string ChatTemplate = "chat_template.jinja";

    /// <summary>The key of the chat template in a GGUF file.</summary>
    public const string ChatTemplateKey = "tokenizer.chat_template";

    private const string TokenizerKey = "tokenizer.huggingface.json";
    private const string KeyPrefix = "moesharp.file.";
    private const int LongestFile = 64 << 20;

    /// <summary>The files, in the order in which they are written; the configuration last, without which a folder is no model.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [Tokenizer, TokenizerConfig, "special_tokens_map.json", ChatTemplate, GenerationConfig.FileName, DecoderFolder.ConfigName];

    /// <summary>The key of a file.</summary>
    public static string KeyOf(string name) => name == Tokenizer ? TokenizerKey : KeyPrefix + name;

    /// <summary>Puts the files of a folder into metadata.</summary>
    public static void Keep(StoredModel model, GgufMetadata metadata)
    {
        foreach (string name in Names)
        {
            if (model.ReadFile(name) is { Length: <= LongestFile } content)
            {
                metadata.Set(KeyOf(name), GgufValue.Of(Encoding.UTF8.GetString(content)));
            }
        }

        if (model.ReadChatTemplate() is { } template)
        {
            metadata.Set(ChatTemplateKey, GgufValue.Of(template));
        }
    }

    /// <summary>The chat template in a tokenizer's settings: one text, or a list of which the one called <c>default</c> counts.</summary>
    /// <exception cref="ModelFormatException">They are no JSON.</exception>
    public static string? TemplateOf(byte[] tokenizerConfig)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(tokenizerConfig);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("chat_template", out JsonElement template))
            {
                return null;
            }

            return template.ValueKind switch
            {
                JsonValueKind.String => template.GetString(),
                JsonValueKind.Array => template.EnumerateArray()
                    .Where(entry => entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("name", out JsonElement name) && name.ValueEquals("default"))
                    .Select(entry => entry.GetProperty("template").GetString()).FirstOrDefault(),
                _ => null,
            };
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ModelFormatException(TokenizerConfig, "key 'chat_template'", null, "cannot be read: " + fault.Message, fault);
        }
    }
}
