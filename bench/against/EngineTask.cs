namespace MoeSharp.Against;

/// <summary>What an engine is asked to do in one turn.</summary>
/// <param name="File">The model.</param>
/// <param name="Prompt">Tokens of the prompt.</param>
/// <param name="Generate">Tokens to generate after an empty text.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Repeat">Repetitions, whose mean is told.</param>
internal sealed record EngineTask(string File, int Prompt, int Generate, int Threads, int Repeat);
