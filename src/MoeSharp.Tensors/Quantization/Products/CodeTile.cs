namespace MoeSharp.Tensors.Quantization.Products;

/// <summary>A few rows of a packed weight as 8-bit codes, in memory that stays near.</summary>
/// <remarks>Shapes: codes <c>[R, K]</c>; scales and offsets <c>[R / 4, K / g, 4]</c>, so that four rows find theirs side by side. Rows that
/// fill up the last four are zeros.</remarks>
internal readonly unsafe struct CodeTile
{
    /// <summary>Rows that are multiplied together.</summary>
    public const int Together = 4;

    private readonly sbyte* _codes;
    private readonly float* _scales;
    private readonly float* _offsets;
    private readonly float* _row; // scales and offsets of one row
    private readonly int _columns;
    private readonly int _groups;

    /// <summary>Lays a tile into scratch memory.</summary>
    /// <param name="memory"><see cref="Length"/> floats.</param>
    /// <param name="rows">Rows, a multiple of <see cref="Together"/>.</param>
    /// <param name="columns">K.</param>
    /// <param name="group">Elements that share a scale.</param>
    public CodeTile(float* memory, int rows, int columns, int group)
    {
        _columns = columns;
        _groups = columns / group;
        _scales = memory;
        _offsets = _scales + (rows * _groups);
        _row = _offsets + (rows * _groups);
        _codes = (sbyte*)(_row + (2 * _groups));
    }

    /// <summary>Floats of memory for a tile.</summary>
    public static int Length(int rows, int columns, int group) => ((rows + 1) * 2 * (columns / group)) + (rows * columns / 4);

    /// <summary>Codes of a row.</summary>
    public sbyte* Codes(int row) => _codes + ((long)row * _columns);

    /// <summary>Scales of the four rows from <paramref name="row"/> on.</summary>
    public float* Scales(int row) => _scales + ((long)row * _groups);

    /// <summary>Offsets of the four rows from <paramref name="row"/> on.</summary>
    public float* Offsets(int row) => _offsets + ((long)row * _groups);

    /// <summary>Unpacks rows of a weight.</summary>
    /// <param name="weight">The weight; its owner must stay alive.</param>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    public void Unpack(in PackedMatrix weight, long first, int count)
    {
        Span<float> scales = new(_row, _groups), offsets = new(_row + _groups, _groups);
        int padded = (count + Together - 1) / Together * Together;
        for (int r = 0; r < padded; r++)
        {
            var codes = new Span<sbyte>(Codes(r), _columns);
            if (r < count)
            {
                weight.Format.Unpack(weight.Row(first + r), codes, scales, offsets);
            }
            else
            {
                codes.Clear();
                scales.Clear();
                offsets.Clear();
            }

            int lane = r % Together;
            float* scale = Scales(r - lane) + lane, offset = Offsets(r - lane) + lane;
            for (int g = 0; g < _groups; g++)
            {
                scale[g * Together] = scales[g];
                offset[g * Together] = offsets[g];
            }
        }
    }
}
