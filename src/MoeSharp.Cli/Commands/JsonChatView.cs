using System.Text.Json;
using MoeSharp.Inference;

namespace MoeSharp.Cli.Commands;

/// <summary>A conversation for scripts: one line of JSON an answer.</summary>
internal sealed class JsonChatView(Terminal terminal, Conversation conversation) : IChatView
{
    public bool EndsAtFault => true;

    public void Start()
    {
        // nothing but answers
    }

    public void Prompt()
    {
        // nothing but answers
    }

    public void Show(GeneratedToken token)
    {
        // the whole answer is one line
    }

    public void End(Conversation ended, ChatTurn turn)
    {
        terminal.WriteJsonLine(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("turn", conversation.Messages.Count / 2);
            json.WriteString("text", turn.Text);
            json.WriteString("finish", JsonNamingPolicy.CamelCase.ConvertName(turn.Finish?.ToString() ?? "Interrupted"));
            json.WriteNumber("tokens", turn.Tokens);
            json.WriteNumber("promptTokens", conversation.PromptTokens);
            json.WriteNumber("reusedTokens", conversation.ReusedTokens);
            json.WriteNumber("forgottenTurns", conversation.ForgottenTurns);
            json.WriteNumber("seconds", turn.Seconds);
            RunReport.WriteLookup(json, turn.Lookup);
            json.WriteEndObject();
        });
    }

    public void Note(string text) => terminal.Error.WriteLine(text);
}
