using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Which tensor of a model is stored in which format.</summary>
/// <remarks>
/// <para>Rules come first (the first that fits), then the heat of experts, then the mixture. Router, norms, biases, sinks and expert biases
/// stay F32 whatever is asked. A row that is no whole number of blocks takes a format of smaller blocks: Q4_K → Q5_0, Q5_K → Q5_1,
/// Q6_K → Q8_0, Q2_K, Q3_K and IQ4_XS → IQ4_NL, and F16 where 32 does not divide it either, as in llama.cpp.</para>
/// <para>Immutable.</para>
/// </remarks>
public sealed record QuantizationRecipe
{
    // Name, mixture, the format of most matrices, and the number that files tell it by (general.file_type; that of pure files too).
    private static readonly (string Name, Mixture Mixture, string Format, int FileType)[] s_recipes =
    [
        ("F32", Mixture.None, "F32", 0), ("F16", Mixture.None, "F16", 1), ("BF16", Mixture.None, "BF16", 32),
        ("Q4_0", Mixture.None, "Q4_0", 2), ("Q4_1", Mixture.None, "Q4_1", 3), ("Q5_0", Mixture.None, "Q5_0", 8), ("Q5_1", Mixture.None, "Q5_1", 9),
        ("Q8_0", Mixture.None, "Q8_0", 7), ("IQ4_NL", Mixture.None, "IQ4_NL", 25), ("MXFP4", Mixture.None, "MXFP4", 38),
        ("Q3_K", Mixture.None, "Q3_K", 11), ("Q4_K", Mixture.None, "Q4_K", 14), ("Q5_K", Mixture.None, "Q5_K", 16),
        ("Q2_K", Mixture.Q2K, "Q2_K", 10), ("Q3_K_S", Mixture.Q3KSmall, "Q3_K", 11), ("Q3_K_M", Mixture.Q3KMedium, "Q3_K", 12),
        ("Q3_K_L", Mixture.Q3KLarge, "Q3_K", 13), ("Q4_K_S", Mixture.Q4KSmall, "Q4_K", 14), ("Q4_K_M", Mixture.Q4KMedium, "Q4_K", 15),
        ("Q5_K_S", Mixture.Q5KSmall, "Q5_K", 16), ("Q5_K_M", Mixture.Q5KMedium, "Q5_K", 17), ("Q6_K", Mixture.Q6K, "Q6_K", 18),
        ("IQ4_XS", Mixture.IQ4XS, "IQ4_XS", 30), ("MXFP4_MOE", Mixture.MXFP4Experts, "MXFP4", 38),
    ];

    private const int GuessedFileType = 1024; // "guessed", as llama.cpp says of files it cannot name

    private readonly Mixture _mixture;

    private QuantizationRecipe(string name, BlockFormat format, Mixture mixture, int fileType)
    {
        (Name, Format, _mixture, FileType) = (name, format, mixture, fileType);
    }

    /// <summary>The names of all recipes.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_recipes.Select(recipe => recipe.Name)];

    /// <summary>The names of all formats that can be written.</summary>
    public static IReadOnlyList<string> FormatNames { get; } =
        [.. BlockFormats.All.Where(format => format.CanQuantize).Select(format => format.Name)];

    /// <summary>BF16 for matrices, F32 for the rest.</summary>
    internal static QuantizationRecipe Bf16 { get; } = Parse("BF16");

    /// <summary>Its name, as <c>Q4_K_M</c>.</summary>
    public string Name { get; }

    /// <summary>The format of most matrices.</summary>
    public BlockFormat Format { get; }

    /// <summary>True when all matrices get <see cref="Format"/>.</summary>
    public bool IsPure => _mixture == Mixture.None;

    /// <summary>What GGUF files say under <c>general.file_type</c>.</summary>
    public int FileType { get; }

    /// <summary>Formats by name, before everything else.</summary>
    public IReadOnlyList<QuantizationRule> Rules { get; init; } = [];

    /// <summary>How often experts are visited, for more bits to some and fewer to others; null for all alike.</summary>
    public ExpertHeat? Heat { get; init; }

    /// <summary>The recipe of a name, in any case.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="pure">True to give every matrix the same format, also where the name is that of a mixture.</param>
    /// <exception cref="ArgumentException">There is no such recipe.</exception>
    public static QuantizationRecipe Parse(string name, bool pure = false)
    {
        int index = Array.FindIndex(s_recipes, recipe => string.Equals(recipe.Name, name, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
        {
            throw new ArgumentException($"quantize: there is no type '{name}'. Choose from {string.Join(", ", Names)}.");
        }

        (string known, Mixture mixture, string format, int fileType) = s_recipes[index];
        return new QuantizationRecipe(known, BlockFormats.Find(format)!, pure ? Mixture.None : mixture, fileType);
    }

    /// <summary>Every matrix in one format, also one that can only be read: for models of random blocks.</summary>
    internal static QuantizationRecipe Of(BlockFormat format)
    {
        int index = Array.FindIndex(s_recipes, recipe => recipe.Name == format.Name);
        return new QuantizationRecipe(format.Name, format, Mixture.None, index < 0 ? GuessedFileType : s_recipes[index].FileType);
    }

    /// <summary>A format that can be written, by name; null when there is none.</summary>
    public static BlockFormat? FindFormat(string name) => BlockFormats.Find(name) is { CanQuantize: true } format ? format : null;

    /// <summary>The format of a tensor.</summary>
    /// <param name="name">Its name in GGUF.</param>
    /// <param name="shape">Its sizes, outermost first.</param>
    /// <param name="facts">The model.</param>
    public TensorChoice Choose(string name, IReadOnlyList<long> shape, RecipeFacts facts)
    {
        GgufTensorName parsed = GgufTensorName.Parse(name);
        if (Protected(parsed, shape) is { } reason)
        {
            return new TensorChoice(BlockFormats.F32, reason);
        }

        BlockFormat wanted = RuleOf(name) ?? (IsPure ? null : Named(MixtureChoice.Of(_mixture, parsed, facts))) ?? Format;
        return Fitting(wanted, shape[^1]);
    }

    /// <summary>The format of each expert of a stack; null where they have the one of <see cref="Choose"/>.</summary>
    /// <inheritdoc cref="Choose"/>
    public IReadOnlyList<TensorChoice>? ChooseExperts(string name, IReadOnlyList<long> shape, RecipeFacts facts)
    {
        GgufTensorName parsed = GgufTensorName.Parse(name);
        if (Heat is null || !parsed.IsExperts || shape.Count != 3 || parsed.Layer is not { } layer || RuleOf(name) is not null
            || Heat.StepsOf(layer, checked((int)shape[0])) is not { } steps)
        {
            return null;
        }

        BlockFormat middle = Choose(name, shape, facts).Format;
        TensorChoice[] choices = [.. steps.Select(step => Fitting(FormatLadder.Step(middle, step), shape[^1]))];
        return Array.TrueForAll(choices, choice => choice.Format == choices[0].Format) ? null : choices;
    }

    private static BlockFormat? Named(string? name) => name is null ? null : BlockFormats.Find(name);

    private static string? Protected(GgufTensorName name, IReadOnlyList<long> shape) => name.Role switch
    {
        TensorRole.Router => "the router stays F32",
        TensorRole.Vector => "norms, biases and sinks stay F32",
        _ when shape.Count(size => size > 1) < 2 => "vectors stay F32",
        _ => null,
    };

    // Rows are whole blocks; where they cannot be, the next format with smaller blocks.
    private static TensorChoice Fitting(BlockFormat wanted, long columns)
    {
        if (columns % wanted.BlockLength == 0)
        {
            return new TensorChoice(wanted);
        }

        BlockFormat smaller = BlockFormats.Find(wanted.Name switch
        {
            "Q4_K" => "Q5_0",
            "Q5_K" => "Q5_1",
            "Q6_K" => "Q8_0",
            "Q2_K" or "Q3_K" or "IQ4_XS" => "IQ4_NL",
            _ => "F16",
        })!;
        if (columns % smaller.BlockLength != 0)
        {
            smaller = BlockFormats.F16;
        }

        return new TensorChoice(smaller, $"rows of {columns} are no whole blocks of {wanted.Name} ({wanted.BlockLength})");
    }

    private BlockFormat? RuleOf(string name)
    {
        foreach (QuantizationRule rule in Rules)
        {
            if (rule.Fits(name))
            {
                return rule.Format;
            }
        }

        return null;
    }
}
