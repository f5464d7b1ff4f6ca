namespace MoeSharp.Tensors.Tests.Kernels;

/// <summary>Numbers at an odd place between canaries: reading over the edge poisons the result, writing over it shows.</summary>
internal sealed class FramedBuffer
{
    private const int Frame = 40;
    private const uint Canary = 0x7FC1_2345; // a NaN with a payload

    private readonly float[] _memory;
    private readonly int _offset;
    private readonly int _length;

    public FramedBuffer(int length, int offset, Func<int, float> value)
    {
        _memory = new float[Frame + offset + length + Frame];
        _memory.AsSpan().Fill(BitConverter.UInt32BitsToSingle(Canary));
        _offset = Frame + offset;
        _length = length;
        for (int i = 0; i < length; i++)
        {
            Span[i] = value(i);
        }
    }

    /// <summary>Random numbers of the normal distribution.</summary>
    public FramedBuffer(int length, int offset, ulong seed, float deviation = 1)
        : this(length, offset, Random(seed, deviation))
    {
    }

    public Span<float> Span => _memory.AsSpan(_offset, _length);

    public void FrameShouldBeWhole(string what)
    {
        for (int i = 0; i < _memory.Length; i++)
        {
            if ((i < _offset || i >= _offset + _length) && BitConverter.SingleToUInt32Bits(_memory[i]) != Canary)
            {
                throw new ShouldAssertException($"{what}: element {i - _offset} of {_length} was overwritten.");
            }
        }
    }

    private static Func<int, float> Random(ulong seed, float deviation)
    {
        var rng = new Rng(seed);
        return _ => rng.NextNormal() * deviation;
    }
}
