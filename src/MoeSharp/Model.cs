using System.Runtime.CompilerServices;
using MoeSharp.Analysis;
using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Inference;
using MoeSharp.Models.Decoding;
using MoeSharp.Models.Decoding.Families;
using MoeSharp.Models.Decoding.Gguf;
using MoeSharp.Tensors;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;
using MoeSharp.Text.Templates;

namespace MoeSharp;

/// <summary>A language model ready to run: decoder, tokenizer and the tokens that end a text.</summary>
/// <remarks>Safe for concurrent use: every generation has a session of its own.</remarks>
public sealed class Model : IDisposable
{
    private const string TinyName = "the built-in model";

    private static readonly Lazy<Model> s_tiny = new(() => OpenTiny());

    private readonly Generator _generator;
    private readonly Workers? _workers;
    private readonly Lazy<ChatTemplate?> _chatTemplate;
    private readonly ChatTemplateFile? _chatTemplateFile;
    private readonly IReadOnlyDictionary<string, string>? _specialTokens;

    /// <summary>Puts a model together.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="tokenizer">Its tokenizer; null for a model that is only given token ids.</param>
    /// <param name="family">The family it came from; null for none.</param>
    /// <param name="endTokens">Tokens that end a text, besides those of the configuration.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    public Model(
        Decoder decoder,
        Tokenizer? tokenizer = null,
        Family? family = null,
        IEnumerable<int>? endTokens = null,
        Workers? workers = null)
        : this(decoder, tokenizer, family, endTokens, workers, null, null)
    {
    }

    private Model(
        Decoder decoder,
        Tokenizer? tokenizer,
        Family? family,
        IEnumerable<int>? endTokens,
        Workers? workers,
        ChatTemplateFile? chatTemplate,
        IReadOnlyDictionary<string, string>? specialTokens)
    {
        _chatTemplateFile = chatTemplate;
        _chatTemplate = new Lazy<ChatTemplate?>(() => chatTemplate?.Parse());
        _specialTokens = specialTokens;
        Decoder = decoder;
        Tokenizer = tokenizer;
        Family = family;
        EndTokens = [.. decoder.Config.EndTokens.Concat(endTokens ?? []).Distinct()];
        _workers = workers;
        _generator = new Generator(decoder, tokenizer, EndTokens, workers);
    }

    /// <summary>The small model that is built into the library, trained on public-domain books.</summary>
    /// <exception cref="ModelFormatException">This build of the library has no model in it.</exception>
    public static Model Tiny => s_tiny.Value;

    /// <summary>The decoder.</summary>
    public Decoder Decoder { get; }

    /// <summary>The tokenizer, if there is one.</summary>
    public Tokenizer? Tokenizer { get; }

    /// <summary>The family it came from, if any.</summary>
    public Family? Family { get; }

    /// <summary>All tokens that end a text: those of <c>config.json</c> and of <c>generation_config.json</c>.</summary>
    public IReadOnlyList<int> EndTokens { get; }

    /// <summary>How the model wants conversations written; null where no template came with it.</summary>
    /// <exception cref="TemplateException">The template breaks the grammar.</exception>
    public ChatTemplate? ChatTemplate => _chatTemplate.Value;

    /// <summary>The facts of the decoder.</summary>
    public DecoderConfig Config => Decoder.Config;

    /// <summary>Loads a folder in the Hugging Face layout (<c>config.json</c>, safetensors, and where they are there
    /// <c>generation_config.json</c> and <c>tokenizer.json</c> or <c>tokenizer.model</c>), or a GGUF file.</summary>
    /// <param name="path">The folder, or the safetensors file or <c>config.json</c> in it; or a <c>.gguf</c> file, any part of a split one.</param>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <param name="options">Whether weights stay as they are stored; null for that, mapped, with 8-bit activations for block formats.</param>
    /// <exception cref="ModelFormatException">A file is missing or breaks its format, or tensors do not fit the configuration.</exception>
    /// <exception cref="ConfigException">The configuration is faulty, or has a key that is not understood.</exception>
    public static Model Load(string path, Workers? workers = null, WeightOptions? options = null)
    {
        if (GgufDecoder.IsGguf(path))
        {
            return LoadGguf(path, workers, options ?? WeightOptions.Stored);
        }

        string folder = DecoderFolder.Of(path);
        (Decoder decoder, Family family) = DecoderFolder.Load(folder, options ?? WeightOptions.Stored);
        Repack(decoder, workers, options);
        Tokenizer? tokenizer = TokenizerFile.Find(folder) is null ? null : Tokenizer.Load(folder).RecogniseControl();
        string generationPath = Path.Combine(folder, GenerationConfig.FileName);
        NumberList endTokens = File.Exists(generationPath)
            ? GenerationConfig.ReadEndTokens(File.ReadAllBytes(generationPath), generationPath)
            : [];
        return new Model(
            decoder, tokenizer, family, endTokens, workers, ChatTemplateFile.Read(folder), ChatTemplateFile.SpecialTokens(folder));
    }

    /// <summary>Saves the model in the layout of the family that its configuration equals.</summary>
    /// <param name="path">The folder; made when it is not there.</param>
    /// <param name="type">How numbers are stored: F32 exactly, BF16 and F16 rounded to nearest even.</param>
    /// <returns>The family.</returns>
    /// <exception cref="ConfigException">No published family equals the configuration.</exception>
    public Family Save(string path, DType type = DType.F32)
    {
        Family family = DecoderFolder.Save(Decoder, path, type, Family);
        Tokenizer?.Save(Path.Combine(path, Tokenizer.FileName));
        _chatTemplateFile?.Save(path);
        if (EndTokens.Count > 0)
        {
            AtomicFile.WriteAllBytes(
                Path.Combine(path, GenerationConfig.FileName), System.Text.Encoding.UTF8.GetBytes(GenerationConfig.Write(Config, EndTokens)));
        }

        return family;
    }

    /// <summary>The tokens of a text, with those that the tokenizer puts around a text.</summary>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public int[] Encode(string text)
    {
        int[] ids = RequireTokenizer().Encode(text, addSpecial: true);
        return ids.Length == 0 && Config.BeginToken is { } begin && (uint)begin < (uint)Config.VocabularySize ? [begin] : ids;
    }

    /// <summary>Continues a text, token by token.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How; null for greedy.</param>
    /// <param name="cancellation">Ends between tokens.</param>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    /// <exception cref="ArgumentException">The prompt is empty, or longer than the model's positions.</exception>
    /// <exception cref="ConfigException">The options have faults.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(
        string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        GenerateAsync(Encode(prompt), options, null, cancellation);

    /// <summary>Continues tokens, and may watch.</summary>
    /// <param name="prompt">Token ids; at least one.</param>
    /// <param name="options">How; null for greedy.</param>
    /// <param name="observer">Sees every step; null for nobody.</param>
    /// <param name="cancellation">Ends between tokens.</param>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(
        ReadOnlyMemory<int> prompt,
        GenerationOptions? options = null,
        IInferenceObserver? observer = null,
        CancellationToken cancellation = default) =>
        _generator.GenerateAsync(prompt, options, observer, cancellation);

    /// <summary>Continues a text, and gives the whole continuation.</summary>
    /// <inheritdoc cref="GenerateAsync(string, GenerationOptions?, CancellationToken)"/>
    public string Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        string.Concat(Generate(Encode(prompt), options, null, cancellation).Select(token => token.Text));

    /// <summary>Continues tokens on the calling thread, and may watch.</summary>
    /// <inheritdoc cref="GenerateAsync(ReadOnlyMemory{int}, GenerationOptions?, IInferenceObserver?, CancellationToken)"/>
    public IEnumerable<GeneratedToken> Generate(
        ReadOnlyMemory<int> prompt,
        GenerationOptions? options = null,
        IInferenceObserver? observer = null,
        CancellationToken cancellation = default) =>
        _generator.Generate(prompt, options, observer, cancellation);

    /// <summary>Reads a chat template for this model: with the texts of its special tokens.</summary>
    /// <param name="source">The template.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="TemplateException">It breaks the grammar.</exception>
    public ChatTemplate ParseTemplate(string source, string name = "chat template")
    {
        var tokens = new Dictionary<string, string>(_specialTokens ?? new Dictionary<string, string>());
        if (Config.BeginToken is { } begin && Tokenizer?.TokenOf(begin) is { } beginText)
        {
            tokens.TryAdd("bos_token", beginText);
        }

        if (EndTokens.Count > 0 && Tokenizer?.TokenOf(EndTokens[0]) is { } endText)
        {
            tokens.TryAdd("eos_token", endText);
        }

        return ChatTemplate.Parse(source, tokens, name);
    }

    /// <summary>Starts a conversation.</summary>
    /// <param name="template">How it is written; null for the model's own template.</param>
    /// <exception cref="InvalidOperationException">The model has no tokenizer, or no template and none is given.</exception>
    public Conversation StartConversation(ChatTemplate? template = null) => new(
        Decoder,
        RequireTokenizer(),
        template ?? ChatTemplate ?? throw new InvalidOperationException(
            "StartConversation: the model has no chat template. Give one, or put chat_template.jinja beside its weights."),
        EndTokens,
        _workers);

    /// <summary>Reads a text, and tells which experts each token visited.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellation">Ends between chunks of the text.</param>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    public Task<RoutingTrace> TraceAsync(string text, CancellationToken cancellation = default) =>
        Task.Run(() => Trace(Encode(text), cancellation), cancellation);

    /// <summary>Reads tokens, and tells which experts each visited.</summary>
    /// <param name="ids">Token ids; at least one.</param>
    /// <param name="cancellation">Ends between chunks.</param>
    public RoutingTrace Trace(ReadOnlyMemory<int> ids, CancellationToken cancellation = default)
    {
        var recorder = new RoutingRecorder();
        using var session = new Session(Decoder, _workers, capacity: ids.Length, observer: recorder);
        session.Read(ids.Span, cancellation: cancellation);
        int[] tokens = ids.ToArray();
        string[] texts = Tokenizer is null ? [] : [.. tokens.Select(id => Tokenizer.Decode([id]))];
        return new RoutingTrace(tokens, recorder.Layers, texts);
    }

    /// <summary>Does nothing today: weights are ordinary memory. Call it anyway; files that are mapped will need it.</summary>
    public void Dispose()
    {
        // weights are ordinary memory, which the collector gives back
    }

    /// <summary>The built-in model as an object of its own, for a thread count of one's own.</summary>
    /// <param name="workers">Threads; null takes the team of the process.</param>
    /// <exception cref="ModelFormatException">This build of the library has no model in it.</exception>
    public static Model OpenTiny(Workers? workers = null)
    {
        byte[] config = TinyResource.Read("config.json") ?? throw new ModelFormatException(
            TinyName, null, null, "is not in this build of the library. Load a model from a folder with Model.Load.");
        (Family family, DecoderConfig facts) = FamilyCatalogue.Parse(config, "config.json");
        byte[] weights = TinyResource.Read("model.safetensors") ?? throw Missing("model.safetensors");
        byte[] tokenizer = TinyResource.Read("tokenizer.json") ?? throw Missing("tokenizer.json");
        byte[]? generation = TinyResource.Read(GenerationConfig.FileName);

        var decoder = new Decoder(facts);
        using var source = new Formats.Safetensors.SafetensorsBuffer(weights, "model.safetensors");
        DecoderWeights.Load(decoder, family, source);
        NumberList endTokens = generation is null ? [] : GenerationConfig.ReadEndTokens(generation, GenerationConfig.FileName);
        return new Model(decoder, Tokenizer.Parse(tokenizer), family, endTokens, workers);
    }

    private static Model LoadGguf(string path, Workers? workers, WeightOptions options)
    {
        using GgufFile file = GgufFile.Open(path);
        (Decoder decoder, Family? family) = GgufDecoder.Load(file, options);
        Repack(decoder, workers, options);
        GgufVocabulary? vocabulary = GgufVocabulary.IsIn(file.Values) ? GgufVocabulary.Read(file.Values) : null;
        return new Model(
            decoder,
            vocabulary?.Tokenizer,
            family,
            [.. vocabulary?.EndIds ?? []],
            workers,
            ChatTemplateFile.Read(file.Values),
            ChatTemplateFile.SpecialTokens(file.Values));
    }

    private static void Repack(Decoder decoder, Workers? workers, WeightOptions? options)
    {
        if (options is not { Repacks: false })
        {
            decoder.Repack(workers ?? Workers.Default);
        }
    }

    private static ModelFormatException Missing(string name) =>
        new(TinyName, name, null, "is missing in this build of the library. Build it again with the folder Resources/Tiny complete.");

    private Tokenizer RequireTokenizer([CallerMemberName] string caller = "") => Tokenizer ?? throw new InvalidOperationException(
        $"{caller}: the model has no tokenizer. Put tokenizer.json beside it, or give token ids.");
}
