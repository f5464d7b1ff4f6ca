using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace MoeSharp.Layers;

/// <summary>Numbers as a value: two lists with the same numbers in the same order are equal. Lets a configuration compare by value.</summary>
[CollectionBuilder(typeof(FactorList), nameof(Create))]
public sealed class FactorList : IReadOnlyList<double>, IEquatable<FactorList>
{
    private readonly double[] _numbers;

    private FactorList(double[] numbers) => _numbers = numbers;

    /// <summary>No numbers.</summary>
    public static FactorList Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _numbers.Length;

    /// <inheritdoc/>
    public double this[int index] => _numbers[index];

    /// <summary>A list with a copy of the numbers.</summary>
    public static FactorList Create(ReadOnlySpan<double> numbers) => numbers.IsEmpty ? Empty : new(numbers.ToArray());

    /// <inheritdoc/>
    public IEnumerator<double> GetEnumerator() => ((IEnumerable<double>)_numbers).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(FactorList? other) => other is not null && _numbers.AsSpan().SequenceEqual(other._numbers);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FactorList);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (double number in _numbers)
        {
            hash.Add(number);
        }

        return hash.ToHashCode();
    }

    /// <summary>As <c>[1, 1.5]</c>.</summary>
    public override string ToString() =>
        "[" + string.Join(", ", _numbers.Select(number => number.ToString(CultureInfo.InvariantCulture))) + "]";
}
