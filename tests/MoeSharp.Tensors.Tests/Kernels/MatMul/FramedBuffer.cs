using MoeSharp.Tensors.Kernels;

namespace MoeSharp.Tensors.Tests.Kernels.MatMul;

/// <summary>Numbers with NaN on both sides: what reads past them is poisoned, what writes past them is seen.</summary>
internal sealed unsafe class FramedBuffer
{
    private const int Frame = 96;
    private readonly Tensor _memory;

    public FramedBuffer(int length, ulong seed, int shift = 0)
    {
        Length = length;
        Shift = shift;
        _memory = Tensor.Zeros(new(length + (2 * Frame)));
        _memory.Fill(float.NaN);
        new Rng(seed).FillNormal(Values, 1);
    }

    public int Length { get; }

    public float* Pointer => _memory.Pointer + Frame + Shift;

    public Span<float> Values => new(Pointer, Length);

    private int Shift { get; }

    public bool FrameIsWhole
    {
        get
        {
            Span<float> all = _memory.Span;
            foreach (float value in all[..(Frame + Shift)])
            {
                if (!float.IsNaN(value))
                {
                    return false;
                }
            }

            foreach (float value in all[(Frame + Shift + Length)..])
            {
                if (!float.IsNaN(value))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
