using System.Text.Json;
using MoeSharp.Experts.Routing;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Text;
using MoeSharp.Text.Templates;
using StringBuilder = System.Text.StringBuilder;

namespace MoeSharp.Inference;

/// <summary>Turns between a user and a model, written as the model's chat template says.</summary>
/// <remarks>
/// <para>The keys and values of what was read stay: an answer reads only what is new, unless the template writes the past anew.</para>
/// <para>History holds whole turns only: a turn that is interrupted or fails leaves no trace. When the conversation no longer fits in the
/// model's positions, its oldest turns are forgotten (<see cref="ForgottenTurns"/>).</para>
/// <para>Special tokens in what the user says are ordinary text.</para>
/// <para>Belongs to one thread at a time.</para>
/// </remarks>
public sealed class Conversation : IDisposable
{
    private const int LeastRoom = 16; // positions kept free for an answer

    private readonly Decoder _decoder;
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly HashSet<int> _endTokens;
    private readonly Workers? _workers;
    private readonly List<ChatMessage> _messages = [];
    private readonly List<int> _read = []; // tokens whose keys and values are in the session
    private Session? _session;
    private DType _cacheType;
    private ExpertReduction _experts = ExpertReduction.None;

    /// <summary>Starts a conversation.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">How it wants conversations written.</param>
    /// <param name="endTokens">Tokens that end a text; the one with which the template ends an answer is found by itself.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    public Conversation(Decoder decoder, Tokenizer tokenizer, ChatTemplate template, IEnumerable<int> endTokens, Workers? workers = null)
    {
        _decoder = decoder;
        _tokenizer = tokenizer;
        _template = template;
        _workers = workers;
        _endTokens = [.. endTokens];
        if (EndOfAnswer() is { } end)
        {
            _endTokens.Add(end);
        }
    }

    /// <summary>What the system tells the model before all turns; null for nothing.</summary>
    public string? System { get; set; }

    /// <summary>Further variables of the template, as a JSON object; null for none.</summary>
    public JsonElement? Variables { get; set; }

    /// <summary>The whole turns so far, without the system's text.</summary>
    public IReadOnlyList<ChatMessage> Messages => _messages;

    /// <summary>Turns that had to be forgotten for the last answer.</summary>
    public int ForgottenTurns { get; private set; }

    /// <summary>Tokens of the last prompt.</summary>
    public int PromptTokens { get; private set; }

    /// <summary>Tokens of the last prompt that did not have to be read again.</summary>
    public int ReusedTokens { get; private set; }

    /// <summary>Forgets all turns; the system's text stays.</summary>
    public void Reset() => _messages.Clear();

    /// <summary>Says something, and gives the answer token by token.</summary>
    /// <param name="text">What the user says.</param>
    /// <param name="options">How the answer is generated; null for greedy.</param>
    /// <param name="cancellation">Ends between tokens; the turn is then forgotten.</param>
    /// <exception cref="TemplateException">The template refuses the conversation.</exception>
    /// <exception cref="ConfigException">The options have faults.</exception>
    /// <exception cref="ArgumentException">What the user says does not fit in the model's positions.</exception>
    public IEnumerable<GeneratedToken> Reply(string text, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Run(ChatMessage.User(text), (options ?? new GenerationOptions()).Validate(), cancellation);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _session?.Dispose();

    private IEnumerable<GeneratedToken> Run(ChatMessage user, GenerationOptions options, CancellationToken cancellation)
    {
        int[] prompt = Prompt(user);
        Session session = Continue(prompt, options, cancellation);
        var sampler = new Sampler(options.Sampling, _decoder.Config.VocabularySize);
        sampler.Accept(prompt);
        var reader = new TokenReader(session, prompt, options.LookupTokens);
        var answer = new StringBuilder();
        var text = new GeneratedText(_tokenizer, options.Stop);
        foreach (GeneratedToken token in Generator.Continue(reader, sampler, text, _endTokens, options, _read.Add, cancellation))
        {
            answer.Append(token.Text);
            if (token.Finish is not null)
            {
                _messages.Add(user);
                _messages.Add(ChatMessage.Assistant(answer.ToString()));
            }

            yield return token;
        }
    }

    // The whole conversation as tokens; forgets the oldest turns while it does not fit.
    private int[] Prompt(ChatMessage user)
    {
        int positions = _decoder.Config.PositionCount;
        for (ForgottenTurns = 0; ; ForgottenTurns++)
        {
            int[] ids = _tokenizer.Encode(Render([.. _messages, user], addGenerationPrompt: true));
            if (ids.Length + LeastRoom <= positions || (_messages.Count == 0 && ids.Length < positions))
            {
                return ids;
            }

            if (_messages.Count == 0)
            {
                throw new ArgumentException(
                    $"conversation: what was said takes {ids.Length} tokens, and the model's longest position allows {positions}. Say it in fewer words.");
            }

            _messages.RemoveRange(0, 2);
        }
    }

    private RenderedText Render(IReadOnlyList<ChatMessage> turns, bool addGenerationPrompt) => _template.Render(
        System is null ? turns : [ChatMessage.System(System), .. turns], addGenerationPrompt: addGenerationPrompt, variables: Variables);

    // Reads what of the prompt is not in the session yet.
    private Session Continue(int[] prompt, GenerationOptions options, CancellationToken cancellation)
    {
        if (_session is null || _cacheType != options.CacheType || _experts != options.Experts)
        {
            // What was read with other experts, or is kept in another type, are other keys and values.
            _session?.Dispose();
            _session = null;
            _session = new Session(
                _decoder, _workers, options.CacheType, prompt.Length + Math.Min(options.MaxTokens, 1024), experts: options.Experts);
            (_cacheType, _experts) = (options.CacheType, options.Experts);
            _read.Clear();
        }

        int same = 0;
        while (same < Math.Min(_read.Count, prompt.Length - 1) && _read[same] == prompt[same])
        {
            same++; // the last token is read in any case: its logits are wanted
        }

        PromptTokens = prompt.Length;
        ReusedTokens = same;
        _session.Truncate(same);
        _read.RemoveRange(same, _read.Count - same);
        try
        {
            _session.Read(prompt.AsSpan(same), options.PromptChunk, cancellation);
        }
        finally
        {
            _read.AddRange(prompt.AsSpan(same, _session.Length - same)); // a reading that was interrupted stays read so far
        }

        return _session;
    }

    // The special token that the template writes after an answer. Files do not always list it among the end tokens.
    private int? EndOfAnswer()
    {
        const string Answer = "Yes";
        try
        {
            RenderedText text = _template.Render([ChatMessage.User("Hello"), ChatMessage.Assistant(Answer)], addGenerationPrompt: false);
            TextRange answer = text.Content.LastOrDefault(range => text.Text[range.Start..range.End] == Answer);
            if (answer.End == 0)
            {
                return null;
            }

            int[] after = _tokenizer.Encode(new RenderedText(text.Text[answer.End..].TrimStart(), [], text.Source));
            return after.Length > 0 && _tokenizer.AddedTokens.Any(token => token.Id == after[0]) ? after[0] : null;
        }
        catch (TemplateException)
        {
            return null; // a template that cannot write this conversation says so when it is asked for a real one
        }
    }
}
