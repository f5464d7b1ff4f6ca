namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>The work of a product in one line: a few pairs of panels are an item, of one expert after another.</summary>
internal readonly unsafe struct PanelLine
{
    /// <summary>Bytes of a weight that are one item, about: few enough to share evenly, enough that taking one costs nothing.</summary>
    private const int ItemBytes = 64 * 1024;

    /// <summary>Rows of activations times pairs that are at most one item.</summary>
    private const int ItemRows = 1024;

    private const int CounterStride = 16; // a cache line for each, so that threads do not meet

    private readonly PackedWeight _weight;
    private readonly int* _active;
    private readonly int* _offsets;
    private readonly int* _taken; // items taken of each stretch
    private readonly int _stretches;
    private readonly int _itemsAnExpert;
    private readonly int _together;

    /// <summary>Lays the line out.</summary>
    /// <param name="scope">Threads, and memory for counters.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="active">Experts that have rows.</param>
    /// <param name="count">How many.</param>
    /// <param name="offsets">First row of every expert.</param>
    /// <param name="outputs">M.</param>
    /// <param name="columns">K.</param>
    public PanelLine(TensorScope scope, PackedWeight weight, int* active, int count, int* offsets, int outputs, int columns)
    {
        (_weight, Outputs, Columns, _stretches) = (weight, outputs, columns, scope.Workers.Count);
        _active = active;
        _offsets = offsets;
        int pairs = (outputs + PanelWidth.SumRows - 1) / PanelWidth.SumRows, rows = 0;
        for (int i = 0; i < count; i++)
        {
            rows += offsets[active[i] + 1] - offsets[active[i]];
        }

        long pairBytes = 2 * weight.Matrix(active[0]).Format.Panels!.PanelBytes(columns);
        _together = (int)Math.Clamp(ItemBytes / pairBytes, 1, Math.Max(1, ItemRows * count / rows));
        _itemsAnExpert = (pairs + _together - 1) / _together;
        Count = checked(count * _itemsAnExpert);
        Indices taken = scope.NewIndices(_stretches * CounterStride);
        taken.Span.Clear();
        _taken = taken.Pointer;
    }

    /// <summary>Items.</summary>
    public int Count { get; }

    /// <summary>M.</summary>
    public int Outputs { get; }

    /// <summary>K.</summary>
    public int Columns { get; }

    /// <summary>Takes an item: the next of the worker's own stretch, or of another's. As often as there are items.</summary>
    public int Take(int worker)
    {
        for (int i = 0; ; i++)
        {
            int stretch = (worker + i) % _stretches, start = Start(stretch);
            int item = start + Interlocked.Increment(ref _taken[stretch * CounterStride]) - 1;
            if (item < Start(stretch + 1))
            {
                return item;
            }
        }
    }

    /// <summary>What an item is.</summary>
    /// <param name="item">The item.</param>
    /// <param name="start">First row of activations.</param>
    /// <param name="end">Behind the last.</param>
    /// <param name="first">First row of the weight.</param>
    /// <param name="last">Behind the last.</param>
    /// <returns>The matrix.</returns>
    public PackedMatrix Item(int item, out int start, out int end, out int first, out int last)
    {
        int expert = _active[item / _itemsAnExpert];
        (start, end) = (_offsets[expert], _offsets[expert + 1]);
        first = item % _itemsAnExpert * _together * PanelWidth.SumRows;
        last = Math.Min(Outputs, first + (_together * PanelWidth.SumRows));
        return _weight.Matrix(expert);
    }

    /// <summary>Where the first panel lies that comes after an item; null where it does not exist yet.</summary>
    public byte* After(int item)
    {
        if (item + 1 >= Count)
        {
            return null;
        }

        PackedMatrix matrix = Item(item + 1, out _, out _, out int first, out _);
        return matrix.IsPanels ? matrix.Panel(first, PanelScheme.Rows, null) : null;
    }

    private int Start(int stretch) => (int)((long)Count * stretch / _stretches);
}
