using MoeSharp.Inference;

namespace MoeSharp.Cli.Commands;

/// <summary>What a conversation shows.</summary>
internal interface IChatView
{
    /// <summary>Whether a fault of one turn ends the program; a person can try again, a script cannot.</summary>
    bool EndsAtFault { get; }

    /// <summary>Before everything.</summary>
    void Start();

    /// <summary>Before each line of the user.</summary>
    void Prompt();

    /// <summary>A token of the answer.</summary>
    void Show(GeneratedToken token);

    /// <summary>After an answer.</summary>
    /// <param name="conversation">The conversation, with the turn in it.</param>
    /// <param name="turn">What the turn took.</param>
    void End(Conversation conversation, ChatTurn turn);

    /// <summary>Something else to tell.</summary>
    void Note(string text);
}
