namespace MoeSharp.Tensors;

/// <summary>Which rows of a flat <c>[T, D]</c> belong to which sequence, and where in its sequence each row stands.</summary>
/// <remarks>
/// <para>Sequences follow one another without gaps: documents packed into a training batch and the live requests of a server are
/// the same thing. Attention never crosses from one sequence to another.</para>
/// <para>A sequence may have a past: keys and values that earlier calls put into its cache. Its rows then count on from there.</para>
/// <para>Can be cleared and filled again without allocation once it has grown. A recorded operation refers to its layout until the
/// backward pass, so do not refill it in between. Not safe for concurrent writing.</para>
/// </remarks>
public sealed class SequenceLayout
{
    private int[] _starts = new int[2];
    private int[] _pasts = new int[1];
    private int[] _totals = new int[1];
    private Tensor _positionMemory = Tensor.Uninitialized(new TensorShape(16));
    private readonly Indices _positions;

    /// <summary>An empty layout; see <see cref="Add"/>.</summary>
    public SequenceLayout()
    {
        _positions = new Indices(_positionMemory);
        Resize(0);
    }

    /// <summary>Count of sequences, S.</summary>
    public int SequenceCount { get; private set; }

    /// <summary>Count of rows of all sequences, T.</summary>
    public int RowCount => _starts[SequenceCount];

    /// <summary>First row of each sequence, and the count of rows at the end: <c>[S + 1]</c>.</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, SequenceCount + 1);

    /// <summary>Place of every row in its own sequence, its past included: <c>[T]</c>. What rotary embedding needs.</summary>
    public Indices Positions => _positions;

    /// <summary>Sequences of the given lengths without a past.</summary>
    public static SequenceLayout FromLengths(ReadOnlySpan<int> lengths)
    {
        var layout = new SequenceLayout();
        foreach (int length in lengths)
        {
            layout.Add(length);
        }

        return layout;
    }

    /// <summary><paramref name="count"/> sequences of <paramref name="length"/> rows each, without a past.</summary>
    public static SequenceLayout Uniform(int count, int length)
    {
        var layout = new SequenceLayout();
        for (int i = 0; i < count; i++)
        {
            layout.Add(length);
        }

        return layout;
    }

    /// <summary>First row of a sequence.</summary>
    public int StartOf(int sequence) => Starts[..SequenceCount][sequence];

    /// <summary>Rows of a sequence in this layout.</summary>
    public int LengthOf(int sequence) => _starts[sequence + 1] - StartOf(sequence);

    /// <summary>Keys that the sequence already has in its cache.</summary>
    public int PastOf(int sequence) => _pasts.AsSpan(0, SequenceCount)[sequence];

    /// <summary>Past and present rows of a sequence: the keys that its last row can see.</summary>
    public int KeyCountOf(int sequence) => PastOf(sequence) + LengthOf(sequence);

    /// <summary>Rows of a sequence once all that is known of it has been read: more than <see cref="KeyCountOf"/> where it comes in parts.</summary>
    public int TotalOf(int sequence) => Math.Max(_totals.AsSpan(0, SequenceCount)[sequence], KeyCountOf(sequence));

    /// <summary>Appends a sequence.</summary>
    /// <param name="length">Its rows; may be 0.</param>
    /// <param name="past">Rows that are already in its cache.</param>
    /// <param name="total">Rows it will have when what is known of it has been read; 0 where this is all.</param>
    /// <returns>This layout.</returns>
    public SequenceLayout Add(int length, int past = 0, int total = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfNegative(past);
        if (SequenceCount + 1 >= _starts.Length)
        {
            Array.Resize(ref _starts, _starts.Length * 2);
            Array.Resize(ref _pasts, _starts.Length);
            Array.Resize(ref _totals, _starts.Length);
        }

        int start = RowCount;
        int end = checked(start + length);
        _pasts[SequenceCount] = past;
        _totals[SequenceCount] = total;
        SequenceCount++;
        _starts[SequenceCount] = end;
        Resize(end);
        Span<int> positions = _positions.Span[start..];
        for (int i = 0; i < positions.Length; i++)
        {
            positions[i] = checked(past + i);
        }

        return this;
    }

    /// <summary>Forgets all sequences; memory stays for the next ones.</summary>
    public void Clear()
    {
        SequenceCount = 0;
        Resize(0);
    }

    /// <summary>As <c>3 sequences, 17 rows</c>.</summary>
    public override string ToString() => $"{SequenceCount} sequences, {RowCount} rows";

    /// <summary>Gives <see cref="Positions"/> a new length, keeping what is there.</summary>
    private void Resize(int rows)
    {
        if (rows > _positionMemory.Storage.Capacity)
        {
            Tensor grown = Tensor.Uninitialized(new TensorShape(Math.Max(rows, 2 * _positionMemory.Storage.Capacity)));
            _positionMemory.Span.CopyTo(grown.Span);
            _positionMemory = grown;
            _positions.Attach(grown);
        }

        _positionMemory.Resize(new TensorShape(rows));
    }
}
