namespace MoeSharp.Training.Optimizers;

/// <summary>Which parameters decay: a rule on name and rank, never a list.</summary>
/// <remarks>
/// <see cref="Standard"/> spares what decay harms: norms and biases have nothing to shrink for, and a decaying router forgets
/// the scale by which it tells experts apart. <see cref="Matrices"/> is the common PyTorch rule, which spares vectors only.
/// </remarks>
public sealed class DecayRule
{
    private readonly Func<string, int, bool> _decays;

    private DecayRule(string name, Func<string, int, bool> decays)
    {
        Name = name;
        _decays = decays;
    }

    /// <summary>Everything of rank 2 or more, but norms, biases (also stacked ones) and routers.</summary>
    public static DecayRule Standard { get; } = new("standard", static (name, rank) => rank >= 2 && !IsSpared(name));

    /// <summary>Everything of rank 2 or more, routers and stacked biases included.</summary>
    public static DecayRule Matrices { get; } = new("matrices", static (_, rank) => rank >= 2);

    /// <summary>Everything.</summary>
    public static DecayRule All { get; } = new("all", static (_, _) => true);

    /// <summary>Nothing.</summary>
    public static DecayRule None { get; } = new("none", static (_, _) => false);

    /// <summary>All rules that have a name in a configuration.</summary>
    public static IReadOnlyList<DecayRule> Named { get; } = [Standard, Matrices, All, None];

    /// <summary>Its word in a configuration file.</summary>
    public string Name { get; }

    /// <summary>A rule of one's own.</summary>
    /// <param name="name">Its word, for reports.</param>
    /// <param name="decays">From a parameter's name and rank to whether it decays.</param>
    public static DecayRule Of(string name, Func<string, int, bool> decays) => new(name, decays);

    /// <summary>True where a parameter of this name and rank decays.</summary>
    /// <param name="name">Its path in the model.</param>
    /// <param name="rank">Its count of dimensions.</param>
    public bool Decays(string name, int rank) => _decays(name, rank);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>By the words of its path: a norm, a bias or a router, in our names or in those of published checkpoints.</summary>
    private static bool IsSpared(string name)
    {
        foreach (Range part in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> word = name.AsSpan()[part];
            if (word.Contains("norm", StringComparison.OrdinalIgnoreCase)
                || word.EndsWith("bias", StringComparison.OrdinalIgnoreCase)
                || word.Contains("router", StringComparison.OrdinalIgnoreCase)
                || word.Equals("gate", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
