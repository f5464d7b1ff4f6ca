using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace MoeSharp.Models.Decoding;

/// <summary>Layer numbers or token ids as a value: two lists with the same numbers in the same order are equal.</summary>
/// <remarks>Lets a configuration be a record that compares by value. Written as <c>[0, 1]</c>.</remarks>
[CollectionBuilder(typeof(NumberList), nameof(Create))]
public sealed class NumberList : IReadOnlyList<int>, IEquatable<NumberList>
{
    private readonly int[] _numbers;

    private NumberList(int[] numbers) => _numbers = numbers;

    /// <summary>No numbers.</summary>
    public static NumberList Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _numbers.Length;

    /// <inheritdoc/>
    public int this[int index] => _numbers[index];

    /// <summary>A list with a copy of the numbers.</summary>
    public static NumberList Create(ReadOnlySpan<int> numbers) => numbers.IsEmpty ? Empty : new(numbers.ToArray());

    /// <summary>True when the number is in the list.</summary>
    public bool Contains(int number) => Array.IndexOf(_numbers, number) >= 0;

    /// <summary>The numbers.</summary>
    public ReadOnlySpan<int> AsSpan() => _numbers;

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_numbers).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(NumberList? other) => other is not null && _numbers.AsSpan().SequenceEqual(other._numbers);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NumberList);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int number in _numbers)
        {
            hash.Add(number);
        }

        return hash.ToHashCode();
    }

    /// <summary>As <c>[0, 1]</c>.</summary>
    public override string ToString() =>
        "[" + string.Join(", ", _numbers.Select(number => number.ToString(CultureInfo.InvariantCulture))) + "]";
}
