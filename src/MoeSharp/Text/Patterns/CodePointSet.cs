using System.Globalization;
using System.Text;

namespace MoeSharp.Text.Patterns;

/// <summary>A set of code points: ranges, general categories and other sets, possibly negated or intersected.</summary>
/// <remarks>
/// <para>Built once by the parser, then frozen: the answers for ASCII are kept in 128 bits, others are looked up.</para>
/// <para>Immutable after <see cref="Freeze"/>; safe for concurrent use.</para>
/// </remarks>
internal sealed class CodePointSet
{
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<CodePointSet> _parts = [];
    private readonly List<CodePointSet> _limits = [];
    private ulong _low;
    private ulong _high;
    private int _categories;
    private bool _negated;

    /// <summary>Turns the set into its complement.</summary>
    public CodePointSet Negate()
    {
        _negated = !_negated;
        return this;
    }

    /// <summary>Adds the code points <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public CodePointSet AddRange(int first, int last)
    {
        _ranges.Add((first, last));
        return this;
    }

    /// <summary>Adds a whole general category.</summary>
    public CodePointSet AddCategory(UnicodeCategory category)
    {
        _categories |= 1 << (int)category;
        return this;
    }

    /// <summary>Adds the members of another set.</summary>
    public CodePointSet Add(CodePointSet part)
    {
        _parts.Add(part);
        return this;
    }

    /// <summary>Keeps only members that are also in <paramref name="limit"/>.</summary>
    public CodePointSet IntersectWith(CodePointSet limit)
    {
        _limits.Add(limit);
        return this;
    }

    /// <summary>Adds the other cases of the code points of a range, as Unicode's simple folding has them.</summary>
    public CodePointSet AddOtherCases(int first, int last)
    {
        // Letters with case end below U+1E944.
        for (int value = first; value <= Math.Min(last, 0x1FFFF); value++)
        {
            AddOtherCasesOf(value);
        }

        return this;
    }

    /// <summary>Computes the answers for ASCII; the set must not change afterwards.</summary>
    public CodePointSet Freeze()
    {
        _low = 0;
        _high = 0;
        for (int value = 0; value < 128; value++)
        {
            if (Evaluate(value))
            {
                if (value < 64)
                {
                    _low |= 1UL << value;
                }
                else
                {
                    _high |= 1UL << (value - 64);
                }
            }
        }

        return this;
    }

    /// <summary>True where no member can be beyond ASCII; false where that would have to be looked up.</summary>
    public bool IsAsciiOnly => !_negated && _categories == 0 && _parts.TrueForAll(part => part.IsAsciiOnly) && _ranges.TrueForAll(range => range.Last < 128);

    /// <summary>Whether an ASCII byte belongs to the set.</summary>
    public bool ContainsAscii(byte value) => (((value < 64 ? _low : _high) >> (value & 63)) & 1) != 0;

    /// <summary>Whether a code point (or <see cref="CodePoints.Invalid"/>) belongs to the set.</summary>
    public bool Contains(int value) => (uint)value < 128 ? ContainsAscii((byte)value) : Evaluate(value);

    private bool Evaluate(int value)
    {
        bool found = IsListed(value);
        if (found)
        {
            foreach (CodePointSet limit in _limits)
            {
                found &= limit.Evaluate(value);
            }
        }

        return found != _negated;
    }

    private bool IsListed(int value)
    {
        if (_categories != 0)
        {
            UnicodeCategory category = value < 0 ? UnicodeCategory.OtherNotAssigned : CharUnicodeInfo.GetUnicodeCategory(value);
            if (((_categories >> (int)category) & 1) != 0)
            {
                return true;
            }
        }

        foreach ((int first, int last) in _ranges)
        {
            if (value >= first && value <= last)
            {
                return true;
            }
        }

        foreach (CodePointSet part in _parts)
        {
            if (part.Evaluate(value))
            {
                return true;
            }
        }

        return false;
    }

    private void AddOtherCasesOf(int value)
    {
        if (!Rune.TryCreate(value, out Rune rune))
        {
            return;
        }

        int upper = Rune.ToUpperInvariant(rune).Value;
        int lower = Rune.ToLowerInvariant(rune).Value;
        if (upper != value)
        {
            AddRange(upper, upper);
        }

        if (lower != value)
        {
            AddRange(lower, lower);
        }

        // The three letters whose simple folding is not the inverse of a case mapping: long s, the Kelvin and the Angstrom sign.
        (int First, int Second)[] folds = [('s', 0x17F), ('k', 0x212A), (0xE5, 0x212B)];
        foreach ((int first, int second) in folds)
        {
            if (lower == first || value == second)
            {
                AddRange(second, second).AddRange(first, first);
                int capital = Rune.ToUpperInvariant(new Rune(first)).Value;
                AddRange(capital, capital);
            }
        }
    }
}
