using System.Runtime.CompilerServices;
using MoeSharp.Inference.Sampling;
using MoeSharp.Tensors;
using MoeSharp.Text;

namespace MoeSharp.Inference;

/// <summary>Continues texts: reads a prompt, then chooses and reads one token after another.</summary>
/// <remarks>
/// <para>Texts come in whole characters: a token that ends inside one gives its text with the next. Ends at an end token, a stop
/// text, the number of tokens asked for, or the model's last position.</para>
/// <para>Safe for concurrent use; each generation has a session of its own.</para>
/// </remarks>
public sealed class Generator
{
    private const int ReservedTokens = 2048; // caches grow beyond, but no memory is taken for texts that end early

    private readonly Models.Decoding.Decoder _decoder;
    private readonly Tokenizer? _tokenizer;
    private readonly HashSet<int> _endTokens;
    private readonly Workers? _workers;

    /// <summary>Names the model.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="tokenizer">Turns tokens into text; null gives tokens without text.</param>
    /// <param name="endTokens">Tokens that end a text.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    public Generator(
        Models.Decoding.Decoder decoder, Tokenizer? tokenizer, IEnumerable<int> endTokens, Workers? workers = null)
    {
        _decoder = decoder;
        _tokenizer = tokenizer;
        _endTokens = [.. endTokens];
        _workers = workers;
    }

    /// <summary>Continues a prompt, on the calling thread.</summary>
    /// <param name="prompt">Token ids; at least one.</param>
    /// <param name="options">How; null for greedy.</param>
    /// <param name="observer">Sees every step; null for nobody.</param>
    /// <param name="cancellation">Ends between steps.</param>
    /// <exception cref="ConfigException">The options have faults.</exception>
    /// <exception cref="ArgumentException">The prompt is empty, too long, has an id out of the vocabulary, a stop text is asked for
    /// without a tokenizer, or more experts than the model chooses.</exception>
    public IEnumerable<GeneratedToken> Generate(
        ReadOnlyMemory<int> prompt,
        GenerationOptions? options = null,
        IInferenceObserver? observer = null,
        CancellationToken cancellation = default)
    {
        options = (options ?? new GenerationOptions()).Validate();
        if (options.Stop.Count > 0 && _tokenizer is null)
        {
            throw new ArgumentException(
                "generate: stop texts need a tokenizer, and the model has none. Put tokenizer.json beside it.", nameof(options));
        }

        if (prompt.IsEmpty)
        {
            throw new ArgumentException("generate: the prompt has no tokens. Give at least one.", nameof(prompt));
        }

        int positions = _decoder.Config.PositionCount;
        if (prompt.Length > positions)
        {
            throw new ArgumentException(
                $"generate: the prompt has {prompt.Length} tokens, and the model's longest position allows {positions}. "
                + "Shorten the prompt.", nameof(prompt));
        }

        options.Experts.ThrowUnlessFits(_decoder.ChosenExpertCount);
        return Run(prompt, options, observer, cancellation);
    }

    /// <summary>As <see cref="Generate"/>, away from the calling thread.</summary>
    /// <inheritdoc cref="Generate"/>
    public async IAsyncEnumerable<GeneratedToken> GenerateAsync(
        ReadOnlyMemory<int> prompt,
        GenerationOptions? options = null,
        IInferenceObserver? observer = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using IEnumerator<GeneratedToken> tokens = Generate(prompt, options, observer, cancellation).GetEnumerator();
        while (await Task.Run(tokens.MoveNext, cancellation).ConfigureAwait(false))
        {
            yield return tokens.Current;
        }
    }

    private IEnumerable<GeneratedToken> Run(
        ReadOnlyMemory<int> prompt, GenerationOptions options, IInferenceObserver? observer, CancellationToken cancellation)
    {
        int capacity = Math.Min(prompt.Length + Math.Min(options.MaxTokens, ReservedTokens), _decoder.Config.PositionCount);
        using var session = new Session(_decoder, _workers, options.CacheType, capacity, observer, options.Experts);
        var sampler = new Sampler(options.Sampling, _decoder.Config.VocabularySize);
        var text = new GeneratedText(_tokenizer, options.Stop);
        sampler.Accept(prompt.Span);
        session.Read(prompt.Span, options.PromptChunk, cancellation);
        var reader = new TokenReader(session, prompt.Span, options.LookupTokens);
        foreach (GeneratedToken token in Continue(reader, sampler, text, _endTokens, options, read: null, cancellation))
        {
            yield return token;
        }
    }

    /// <summary>Chooses and reads one token after another, after a prompt that was read.</summary>
    /// <param name="reader">Reads on after the prompt; its guesses are taken back at the end.</param>
    /// <param name="sampler">Has accepted the prompt.</param>
    /// <param name="text">Turns tokens into text.</param>
    /// <param name="endTokens">Tokens that end the text.</param>
    /// <param name="options">How.</param>
    /// <param name="read">Hears of each token that the session has read; null for nobody.</param>
    /// <param name="cancellation">Ends between steps.</param>
    internal static IEnumerable<GeneratedToken> Continue(
        TokenReader reader,
        Sampler sampler,
        GeneratedText text,
        IReadOnlySet<int> endTokens,
        GenerationOptions options,
        Action<int>? read,
        CancellationToken cancellation)
    {
        if (options.MaxTokens == 0)
        {
            yield return new GeneratedToken(-1, "", FinishReason.MaxTokens, reader.Statistics);
            yield break;
        }

        try
        {
            for (int count = 1; ; count++)
            {
                cancellation.ThrowIfCancellationRequested();
                int id = sampler.Next(reader.Logits);
                if (!options.IgnoresEnd && endTokens.Contains(id))
                {
                    yield return new GeneratedToken(id, text.Finish(), FinishReason.EndToken, reader.Statistics);
                    yield break;
                }

                string piece = text.Add(id);
                FinishReason? finish = text.IsStopped ? FinishReason.StopText
                    : count == options.MaxTokens ? FinishReason.MaxTokens
                    : reader.Remaining == 0 ? FinishReason.PositionLimit
                    : null;
                if (finish is not null)
                {
                    yield return new GeneratedToken(id, piece + text.Finish(), finish, reader.Statistics);
                    yield break;
                }

                yield return new GeneratedToken(id, piece);
                reader.Read(id, options.MaxTokens - count, cancellation);
                read?.Invoke(id);
            }
        }
        finally
        {
            reader.DropGuesses();
        }
    }
}
