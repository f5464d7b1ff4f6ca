using System.Runtime.Intrinsics.X86;

namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>One product in the roles its factors play inside the kernel.</summary>
/// <remarks>
/// <para>The <em>panel</em> side lies along the vector lanes: it is packed once, <c>[depth][width]</c> a panel, and shared by all threads.
/// The <em>block</em> side is broadcast, element by element; each thread copies a chunk of its rows at a time.</para>
/// <para>Element (block row i, panel row j) of the result is at <c>C[i·BlockStride + j·PanelStride]</c>. Where
/// <c>PanelStride</c> is 1 tiles are stored as they are; where <c>BlockStride</c> is 1 (the roles are exchanged, because the left
/// factor is the smaller one) they are transposed on the way out.</para>
/// </remarks>
internal unsafe struct Product
{
    /// <summary>The side along the lanes.</summary>
    public MatrixOperand Panels;

    /// <summary>Rows of the panel side.</summary>
    public int PanelRows;

    /// <summary>The side that is broadcast.</summary>
    public MatrixOperand Blocks;

    /// <summary>Rows of the block side.</summary>
    public int BlockRows;

    /// <summary>Length of every sum.</summary>
    public int Depth;

    /// <summary>Result (0, 0).</summary>
    public float* C;

    /// <summary>From one block row to the next in the result.</summary>
    public long BlockStride;

    /// <summary>From one panel row to the next in the result.</summary>
    public long PanelStride;

    /// <summary>True to add to the result, false to overwrite it.</summary>
    public bool Accumulate;

    /// <summary>Where the packed panels lie, in elements of the shared buffer; a multiple of 16.</summary>
    public long PackedOffset;

    /// <summary>True where few rows meet a weight of contiguous inputs: <see cref="FewRowsKernel"/> reads both in place.</summary>
    public readonly bool HasFewRows => PanelRows <= FewRowsKernel.Rows && StreamsWeight;

    /// <summary>True where some rows meet a weight of contiguous inputs: <see cref="EightRowsKernel"/> reads it in place.</summary>
    public readonly bool HasEightRows => PanelRows is > FewRowsKernel.Rows and <= EightRowsKernel.Rows && StreamsWeight;

    private readonly bool StreamsWeight =>
        Avx.IsSupported && BlockStride == 1 && Panels.DepthStride == 1 && Blocks.DepthStride == 1;
}
