using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

/// <summary>Where published models keep their template and special tokens.</summary>
public sealed class ChatTemplateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moesharp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_without_template_has_none() => ChatTemplateFile.Read(_folder).ShouldBeNull();

    [Fact]
    public void The_first_place_that_has_a_template_counts()
    {
        Write("tokenizer_config.json", """{"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": "config {{ bos_token }}"}""");
        Render().ShouldBe("config <s>");
        Write("chat_template.json", """{"chat_template": "json {{ eos_token }}"}""");
        Render().ShouldBe("json </s>");
        Write("chat_template.jinja", "jinja {{ bos_token }}{{ eos_token }}");
        Render().ShouldBe("jinja <s></s>");
    }

    [Fact]
    public void One_of_several_templates_is_for_tools()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]}""");
        Render().ShouldBe("plain");
        using var tools = System.Text.Json.JsonDocument.Parse("[]");
        ChatTemplateFile.Read(_folder)!.Parse().Render([], tools.RootElement).Text.ShouldBe("tools");
    }

    [Fact]
    public void Tokens_come_from_the_special_tokens_map_too()
    {
        Write("special_tokens_map.json", """{"bos_token": {"content": "<b>"}, "eos_token": "<e>"}""");
        Write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}");
        Render().ShouldBe("<b><e>");
    }

    [Fact]
    public void A_gguf_file_has_it_in_its_metadata()
    {
        var metadata = new GgufMetadata();
        ChatTemplateFile.Read(metadata).ShouldBeNull();
        metadata.Set("tokenizer.chat_template", GgufValue.Of("{{ bos_token }}|{{ eos_token }}"));
        metadata.Set("tokenizer.ggml.tokens", GgufValue.Of(GgufTexts.Create(["<unk>", "<s>", "</s>"])));
        metadata.Set("tokenizer.ggml.bos_token_id", GgufValue.Of(1u));
        metadata.Set("tokenizer.ggml.eos_token_id", GgufValue.Of(2u));
        ChatTemplateFile.Read(metadata)!.Parse().Render([]).Text.ShouldBe("<s>|</s>");
    }

    [Fact]
    public void What_was_saved_is_read_again()
    {
        var file = new ChatTemplateFile("a{{ bos_token }}", "tools", new Dictionary<string, string> { ["bos_token"] = "<s>" }, "x");
        file.Save(_folder);
        ChatTemplateFile read = ChatTemplateFile.Read(_folder)!;
        read.Source.ShouldBe(file.Source);
        read.ToolSource.ShouldBe("tools");
        read.Tokens.ShouldBe(file.Tokens);
    }

    [Fact]
    public void A_faulty_file_is_named()
    {
        Write("tokenizer_config.json", "{");
        Should.Throw<ModelFormatException>(() => ChatTemplateFile.Read(_folder)).Message.ShouldContain("tokenizer_config.json");
        Write("tokenizer_config.json", """{"chat_template": 5}""");
        Should.Throw<ModelFormatException>(() => ChatTemplateFile.Read(_folder)).Message.ShouldContain("chat_template");
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private string Render() => ChatTemplateFile.Read(_folder)!.Parse().Render([]).Text;
}
