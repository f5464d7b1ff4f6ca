using MoeSharp.Inference;

namespace MoeSharp.Cli.Commands;

/// <summary>A conversation as text: answers to the output, everything else to the error stream.</summary>
internal sealed class TextChatView(Terminal terminal, string model, GenerationOptions options) : IChatView
{
    private bool _inLine;

    public bool EndsAtFault => !terminal.IsTyped;

    public void Start()
    {
        if (terminal.IsTyped)
        {
            terminal.Error.WriteLine($"{Path.GetFileName(Path.TrimEndingDirectorySeparator(model))}: type a message; /help lists commands, Ctrl-C stops an answer.");
        }
    }

    public void Prompt()
    {
        if (terminal.IsTyped)
        {
            terminal.Error.Write("> ");
            terminal.Error.Flush();
        }
    }

    public void Show(GeneratedToken token)
    {
        if (token.Text.Length > 0)
        {
            terminal.Out.Write(token.Text);
            terminal.Out.Flush();
            _inLine = true;
        }
    }

    public void End(Conversation conversation, ChatTurn turn)
    {
        EndLine();
        if (turn.Finish is null)
        {
            Note("(interrupted; this turn is forgotten)");
        }
        else if (turn.Finish is FinishReason.MaxTokens)
        {
            Note($"(stopped after {options.MaxTokens} tokens; --max-tokens allows more)");
        }
        else if (turn.Finish is FinishReason.PositionLimit)
        {
            Note("(the model's longest text is reached; /reset begins anew)");
        }

        if (turn.Lookup is { } lookup)
        {
            Note($"({RunCommand.Describe(lookup).TrimEnd('.')})");
        }

        if (conversation.ForgottenTurns > 0)
        {
            Note($"(the conversation did not fit any more: the {conversation.ForgottenTurns} oldest turns are forgotten)");
        }
    }

    public void Note(string text)
    {
        EndLine();
        terminal.Error.WriteLine(text);
    }

    private void EndLine()
    {
        if (_inLine)
        {
            terminal.Out.WriteLine();
            terminal.Out.Flush();
            _inLine = false;
        }
    }
}
