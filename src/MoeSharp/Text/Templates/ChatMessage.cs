namespace MoeSharp.Text.Templates;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>.</param>
/// <param name="Content">What is said; null when there are only tool calls, or <see cref="Parts"/>.</param>
public sealed record ChatMessage(string Role, string? Content)
{
    /// <summary>The content in parts, instead of <see cref="Content"/>.</summary>
    public IReadOnlyList<ChatPart> Parts { get; init; } = [];

    /// <summary>What an assistant thought before it answered.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The tools that an assistant called.</summary>
    public IReadOnlyList<ChatToolCall> ToolCalls { get; init; } = [];

    /// <summary>The call that a tool answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The name of the speaker, or of the tool.</summary>
    public string? Name { get; init; }

    /// <summary>A message of the system.</summary>
    public static ChatMessage System(string content) => new("system", content);

    /// <summary>A message of the user.</summary>
    public static ChatMessage User(string content) => new("user", content);

    /// <summary>A message of the assistant.</summary>
    public static ChatMessage Assistant(string? content, params IReadOnlyList<ChatToolCall> toolCalls) =>
        new("assistant", content) { ToolCalls = toolCalls };

    /// <summary>The answer of a tool.</summary>
    public static ChatMessage Tool(string content, string? callId = null, string? name = null) =>
        new("tool", content) { ToolCallId = callId, Name = name };
}
