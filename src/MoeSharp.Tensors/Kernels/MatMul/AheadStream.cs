namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>The memory of the next chunk, touched line by line while tiles compute, so that its copy does not wait for memory.</summary>
internal unsafe struct AheadStream
{
    private const int Line = 64;

    private byte* _first;
    private byte* _firstEnd;
    private byte* _next;
    private readonly byte* _end;
    private readonly byte* _start;
    private readonly long _depthBytes;
    private readonly int _lines;
    private readonly int _depth;
    private int _line;
    private int _done;

    /// <summary>The lines of <paramref name="rows"/> rows of a factor, over the whole depth.</summary>
    public AheadStream(MatrixOperand source, int rows, int depth)
    {
        _start = _next = (byte*)source.Pointer;
        _depth = depth;
        if (source.RowStride == 1)
        {
            _depthBytes = source.DepthStride * sizeof(float);
            _lines = ((rows * sizeof(float)) + Line - 1) / Line;
        }
        else
        {
            _end = _next + (rows * source.RowStride * sizeof(float));
        }
    }

    /// <summary>Touches <paramref name="bytes"/> from <paramref name="start"/> on before going on.</summary>
    public void First(float* start, long bytes)
    {
        _first = (byte*)start;
        _firstEnd = _first + bytes;
    }

    /// <summary>Where a tile of <paramref name="steps"/> steps should touch memory first, and how many bytes to go each <paramref name="step"/>;
    /// <paramref name="idle"/>, an address without cost, once everything was touched.</summary>
    public byte* Take(int steps, byte* idle, out nint step)
    {
        if (_first < _firstEnd)
        {
            byte* first = _first;
            step = Line;
            _first += (long)steps * Line;
            return first;
        }

        if (_lines > 0)
        {
            if (_done >= _depth)
            {
                step = 0;
                return idle;
            }

            // One column of lines downwards, then the next; the last step may pass the end, which a prefetch may.
            byte* address = _start + (_done * _depthBytes) + (_line * Line);
            step = (nint)_depthBytes;
            if (++_line == _lines)
            {
                _line = 0;
                _done += steps;
            }

            return address;
        }

        if (_next >= _end)
        {
            step = 0;
            return idle;
        }

        step = Line;
        byte* current = _next;
        _next += (long)steps * Line;
        return current;
    }
}
