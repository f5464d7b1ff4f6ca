using System.Text.Json;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Text.Templates;

public class ChatTemplateTests
{
    private const string ChatMl =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private const string Tools = """
        [{"type": "function", "function": {"name": "get_weather", "description": "The weather of a city.", "parameters":
        {"type": "object", "properties": {"city": {"type": "string", "description": "The city."}}, "required": ["city"]}}}]
        """;

    private static readonly ChatMessage[] s_conversation =
    [
        ChatMessage.User("What is the weather in Paris?"),
        ChatMessage.Assistant(null, new ChatToolCall("get_weather", """{"city": "Paris"}""", "call12345")),
        ChatMessage.Tool("""{"degrees": 20}""", "call12345", "get_weather"),
        ChatMessage.Assistant("It is 20 degrees in Paris."),
        ChatMessage.User("Thank you."),
    ];

    [Fact]
    public void A_conversation_is_written_as_the_template_says()
    {
        RenderedText text = ChatTemplate.Parse(ChatMl).Render([ChatMessage.System("Be brief."), ChatMessage.User("Hello")]);
        text.Text.ShouldBe("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
        ChatTemplate.Parse(ChatMl).Render([ChatMessage.User("Hello")], addGenerationPrompt: false).Text
            .ShouldBe("<|im_start|>user\nHello<|im_end|>\n");
    }

    [Fact]
    public void Tokens_and_further_variables_reach_the_template()
    {
        ChatTemplate template = ChatTemplate.Parse(
            "{{ bos_token }}{{ x }}{% if thinks %}<think>{% endif %}{{ eos_token }}", new Dictionary<string, string> { ["bos_token"] = "<s>" });
        using JsonDocument variables = JsonDocument.Parse("""{"x": 1.0, "thinks": true}""");
        template.Render([], variables: variables.RootElement).Text.ShouldBe("<s>1.0<think>");
    }

    [Fact]
    public void What_a_user_says_is_known_in_the_text_wherever_the_template_puts_it()
    {
        string source = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim | replace('b', 'BB') }}{{ m.content[1:3] ~ '.' }}"
            + "{{ m.content.split(' ') | last }}{{ m | tojson }}{% set c %}[{{ m.content }}]{% endset %}{{ c | upper }}{% endfor %}";
        RenderedText text = ChatTemplate.Parse(source).Render([ChatMessage.User(" a b\n")]);
        text.Content.ShouldAllBe(part => part.Origin == TextOrigin.Outside);
        text.Text.ShouldBe("<user>a BB" + "a .".PadLeft(3) + "b\n" + """{"role": "user", "content": " a b\n"}""" + "[ A B\n]");
        string marked = string.Concat(text.Content.Select(part => "«" + text.Text[part.Start..part.End] + "»"));
        marked.ShouldBe("«a »«a »«b\n»« a b\\n»« A B\n»");
    }

    [Theory]
    [InlineData("{{ messages[1].tool_calls[0].function.arguments | items | list }}", "[('city', 'Paris')]")]
    [InlineData("{{ 'Arguments: ' + messages[1].tool_calls[0].function.arguments }}", """Arguments: {"city": "Paris"}""")]
    [InlineData("{{ 'Content: ' + messages[1].content }}", "Content: ")]
    [InlineData("{{ messages[1].content is none }}", "True")]
    [InlineData("{{ tools[0].function.name }}{{ messages[2].tool_call_id }}{{ messages[2].name }}", "get_weathercall12345get_weather")]
    public void A_message_takes_the_form_that_the_template_can_use(string source, string expected)
    {
        using JsonDocument tools = JsonDocument.Parse(Tools);
        ChatTemplate.Parse(source).Render(s_conversation, tools.RootElement).Text.ShouldBe(expected);
    }

    [Fact]
    public void Parts_are_joined_for_a_template_that_knows_only_texts()
    {
        var message = new ChatMessage("user", null) { Parts = [new ChatPart("text", "Hello"), new ChatPart("text", "there")] };
        ChatTemplate.Parse("{{ 'U: ' + messages[0].content }}").Render([message]).Text.ShouldBe("U: Hello\nthere");
        ChatTemplate.Parse("{% for p in messages[0].content %}[{{ p.text }}]{% endfor %}").Render([message]).Text.ShouldBe("[Hello][there]");
    }

    [Fact]
    public void A_refusal_is_not_asked_again_in_another_form()
    {
        var fault = Should.Throw<TemplateException>(() => ChatTemplate.Parse(
            "{% if messages[1].content is none %}{{ raise_exception('No content!') }}{% endif %}").Render(s_conversation));
        fault.IsRefusal.ShouldBeTrue();
        fault.Fault.ShouldBe("No content!");
    }

    [Fact]
    public void Real_templates_render_a_tool_call_or_refuse_it_themselves()
    {
        int count = 0;
        foreach ((string name, string source) in TemplateFiles.Real())
        {
            if (!source.Contains("tool.parameter_definitions", StringComparison.Ordinal)) // wants tools in a form of its own
            {
                CheckToolCall(name, source);
                count++;
            }
        }

        count.ShouldBeGreaterThan(25);
    }

    /// <summary>Templates whose licences keep them out of the repository are read from a folder, if there is one.</summary>
    [Fact]
    public void Templates_of_a_folder_render_a_tool_call_or_refuse_it_themselves()
    {
        string? folder = Environment.GetEnvironmentVariable("MOESHARP_TEMPLATES");
        Assert.SkipUnless(folder is not null && Directory.Exists(folder), "set MOESHARP_TEMPLATES to a folder of *.jinja files to render them all.");
        foreach (string file in Directory.EnumerateFiles(folder!, "*.jinja"))
        {
            CheckToolCall(Path.GetFileName(file), File.ReadAllText(file));
        }
    }

    private static void CheckToolCall(string name, string source)
    {
        using JsonDocument tools = JsonDocument.Parse(Tools);
        ChatTemplate template = ChatTemplate.Parse(source, new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" }, name);
        try
        {
            RenderedText text = template.Render(s_conversation, tools.RootElement);
            text.Text.ShouldContain("Thank you.", Case.Sensitive, name);
            text.Content.Select(part => text.Text[part.Start..part.End]).ShouldContain(part => part.Contains("Thank you.", StringComparison.Ordinal), name);
        }
        catch (TemplateException fault) when (fault.IsRefusal)
        {
            source.ShouldContain("raise_exception", Case.Sensitive, name);
        }
    }
}
