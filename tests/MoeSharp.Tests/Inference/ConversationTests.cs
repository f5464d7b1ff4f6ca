using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Text.Templates;

namespace MoeSharp.Tests.Inference;

public class ConversationTests
{
    private const string Source =
        "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

    private static readonly ChatTemplate s_template = ChatTemplate.Parse(Source);
    private static readonly GenerationOptions s_short = new() { MaxTokens = 12 };

    [Fact]
    public void An_answer_is_what_the_model_says_to_the_whole_conversation()
    {
        using Conversation conversation = Model.Tiny.StartConversation(s_template);
        conversation.System = "Be brief.";
        string first = Say(conversation, "It was a dark night");
        string second = Say(conversation, "And then?");
        conversation.ReusedTokens.ShouldBeGreaterThan(10);

        // The past was not read again, and the bits are those of a model that reads everything.
        RenderedText prompt = s_template.Render(
            [ChatMessage.System("Be brief."), ChatMessage.User("It was a dark night"), ChatMessage.Assistant(first), ChatMessage.User("And then?")]);
        int[] ids = Model.Tiny.Tokenizer!.Encode(prompt);
        conversation.PromptTokens.ShouldBe(ids.Length);
        string whole = string.Concat(Model.Tiny.Generate(ids, s_short, null, TestContext.Current.CancellationToken).Select(token => token.Text));
        second.ShouldBe(whole);
        conversation.Messages.Select(message => message.Content).ShouldBe(["It was a dark night", first, "And then?", second]);
    }

    [Fact]
    public void An_interrupted_turn_leaves_no_trace()
    {
        using Conversation conversation = Model.Tiny.StartConversation(s_template);
        string first = Say(conversation, "Hello");
        using var stop = new CancellationTokenSource();
        int count = 0;
        Should.Throw<OperationCanceledException>(() =>
        {
            foreach (GeneratedToken token in conversation.Reply("Tell me everything", s_short, stop.Token))
            {
                if (++count == 3)
                {
                    stop.Cancel();
                }
            }
        });
        conversation.Messages.Count.ShouldBe(2);
        foreach (GeneratedToken token in conversation.Reply("Something else", s_short, TestContext.Current.CancellationToken))
        {
            break; // a caller that stops listening
        }

        conversation.Messages.Count.ShouldBe(2);
        string next = Say(conversation, "And then?");

        using Conversation other = Model.Tiny.StartConversation(s_template);
        Say(other, "Hello").ShouldBe(first);
        Say(other, "And then?").ShouldBe(next);
    }

    [Fact]
    public void A_reset_forgets_the_turns_and_keeps_what_the_system_says()
    {
        using Conversation conversation = Model.Tiny.StartConversation(s_template);
        conversation.System = "You are a poet.";
        string first = Say(conversation, "Hello");
        Say(conversation, "And then?");
        conversation.Reset();
        conversation.Messages.ShouldBeEmpty();
        Say(conversation, "Hello").ShouldBe(first);
        conversation.ReusedTokens.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void The_oldest_turns_are_forgotten_when_the_conversation_does_not_fit()
    {
        using Conversation conversation = Model.Tiny.StartConversation(s_template);
        string words = string.Concat(Enumerable.Repeat("night ", Model.Tiny.Config.PositionCount / 3));
        int forgotten = 0;
        for (int turn = 0; turn < 6; turn++)
        {
            Say(conversation, $"{turn} {words}");
            forgotten += conversation.ForgottenTurns;
            conversation.PromptTokens.ShouldBeLessThan(Model.Tiny.Config.PositionCount);
        }

        forgotten.ShouldBeGreaterThan(0);
        conversation.Messages.Count.ShouldBe(2 * (6 - forgotten));
        conversation.Messages[^2].Content!.ShouldStartWith("5 ");
    }

    [Fact]
    public void More_words_than_positions_are_refused_and_forgotten()
    {
        using Conversation conversation = Model.Tiny.StartConversation(s_template);
        Say(conversation, "Hello");
        string words = string.Concat(Enumerable.Repeat("night ", Model.Tiny.Config.PositionCount + 1));
        Should.Throw<ArgumentException>(() => Say(conversation, words)).Message.ShouldContain($"{Model.Tiny.Config.PositionCount}");
        Say(conversation, "Hello").ShouldNotBeNull();
    }

    [Fact]
    public void A_refusal_of_the_template_is_told_and_the_conversation_goes_on()
    {
        using Conversation conversation = Model.Tiny.StartConversation(ChatTemplate.Parse(
            "{% if messages[-1].content == 'no' %}{{ raise_exception('I will not.') }}{% endif %}" + Source));
        Should.Throw<TemplateException>(() => Say(conversation, "no")).Fault.ShouldBe("I will not.");
        Say(conversation, "yes");
        conversation.Messages.Count.ShouldBe(2);
    }

    [Fact]
    public void Sampling_is_that_of_an_ordinary_generation()
    {
        var options = new GenerationOptions { MaxTokens = 12, Sampling = new SamplingOptions { Temperature = 1, Seed = 5, RepetitionPenalty = 1.2f } };
        using Conversation conversation = Model.Tiny.StartConversation(s_template);
        string answer = string.Concat(conversation.Reply("Hello", options, TestContext.Current.CancellationToken).Select(token => token.Text));
        int[] ids = Model.Tiny.Tokenizer!.Encode(s_template.Render([ChatMessage.User("Hello")]));
        answer.ShouldBe(string.Concat(Model.Tiny.Generate(ids, options, null, TestContext.Current.CancellationToken).Select(token => token.Text)));
    }

    [Fact]
    public void A_model_without_template_says_so() =>
        Should.Throw<InvalidOperationException>(() => Model.Tiny.StartConversation()).Message.ShouldContain("no chat template");

    private static string Say(Conversation conversation, string text) =>
        string.Concat(conversation.Reply(text, s_short, TestContext.Current.CancellationToken).Select(token => token.Text));
}
