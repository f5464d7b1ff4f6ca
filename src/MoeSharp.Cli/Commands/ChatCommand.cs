using System.CommandLine;
using MoeSharp.Inference;
using MoeSharp.Tensors;
using MoeSharp.Text.Templates;

namespace MoeSharp.Cli.Commands;

/// <summary><c>moe chat MODEL</c>: a conversation in the terminal, or line by line from a pipe.</summary>
internal static class ChatCommand
{
    public const string Name = "chat";

    public static Command Create(Terminal terminal, CommonOptions common)
    {
        var path = new Argument<string>("MODEL") { Description = "A model folder or a GGUF file." };
        var template = new Option<string?>("--template")
        {
            Description = "A chat template (Jinja) to use instead of the model's own.",
            HelpName = "FILE",
        };
        var system = new Option<string?>("--system") { Description = "What the model is told before the conversation.", HelpName = "TEXT" };
        var sampling = new SamplingArguments(maxTokens: 1024);
        Option<bool> exact = TextArguments.Exact();
        var command = new Command(Name, "Talk with a model; /help lists what you can type.") { path, template, system, exact };
        sampling.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            GenerationOptions options = sampling.Read(parsed, parsed.GetValue(common.Seed));
            using Workers workers = common.OpenWorkers(parsed);
            using Model model = RunCommand.Open(parsed.GetValue(path)!, workers, parsed.GetValue(exact));
            using Conversation conversation = model.StartConversation(Template(model, parsed.GetValue(template)));
            conversation.System = parsed.GetValue(system);
            using var interrupt = new Interrupt(cancellation);
            IChatView view = parsed.GetValue(common.Json)
                ? new JsonChatView(terminal, conversation)
                : new TextChatView(terminal, parsed.GetValue(path)!, options);
            TextReader input = terminal.OpenLines(); // never closed: a console that waits for a line would not let go
            return await new ChatLoop(conversation, options, view, input, interrupt).RunAsync().ConfigureAwait(false);
        });
        return command;
    }

    private static ChatTemplate Template(Model model, string? path)
    {
        if (path is not null)
        {
            return model.ParseTemplate(File.ReadAllText(path), Path.GetFileName(path));
        }

        return model.ChatTemplate
            ?? throw new UsageException("the model has no chat template. Give one with --template FILE, or continue a text with moe run.");
    }
}
