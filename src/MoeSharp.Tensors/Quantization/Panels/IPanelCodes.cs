using MoeSharp.Tensors.Quantization.Panels.Lanes;

namespace MoeSharp.Tensors.Quantization.Panels;

/// <summary>How a block format stands in a panel of 16 rows, and how it becomes one byte a code.</summary>
/// <remarks>
/// <para>A panel keeps every bit of its blocks. The codes of a block are <see cref="CodeWords"/> words of four bytes a row, word w of the
/// 16 rows side by side: <c>[words, 16]</c>. Scales of the 16 rows follow in an order of the format's own.</para>
/// <para>A step is four columns of every row: what one lane of a register holds.</para>
/// </remarks>
internal unsafe interface IPanelCodes
{
    /// <summary>Columns of a block: 256 where groups have whole multiples of one scale, 32 where each block has its scale.</summary>
    static abstract int BlockLength { get; }

    /// <summary>Words of codes a row and block.</summary>
    static abstract int CodeWords { get; }

    /// <summary>Bytes of scales that 16 rows have a block.</summary>
    static abstract int ScaleBytes { get; }

    /// <summary>Steps whose products fit together in 16-bit sums, and have one scale: 4 or 8.</summary>
    static abstract int RunSteps { get; }

    /// <summary>What the stored codes are too large by; taken off within the 16-bit sums.</summary>
    static abstract int Bias { get; }

    /// <summary>True where expanded codes are signed bytes of full range, whose products fill 16 bits two at a time.</summary>
    static abstract bool IsSigned { get; }

    /// <summary>Columns that share an offset: 16 or 32; 0 where there are none.</summary>
    static abstract int OffsetGroup { get; }

    /// <summary>Puts a block of one row into its panel.</summary>
    /// <param name="block">The block as it stands in a file.</param>
    /// <param name="words">First code word of the row: the next is 16 words on.</param>
    /// <param name="scales">Scales of the 16 rows.</param>
    /// <param name="row">The row, 0…15.</param>
    static abstract void Pack(byte* block, uint* words, byte* scales, int row);

    /// <summary>The inverse of <see cref="Pack"/>, bit for bit.</summary>
    static abstract void Restore(uint* words, byte* scales, int row, byte* block);

    /// <summary>Steps that one pass over the code words gives: 1, 2 or 4.</summary>
    static abstract int Outputs { get; }

    /// <summary>Passes of a unit, 4 or 8: a unit is <see cref="Outputs"/> · <see cref="Passes"/> steps.</summary>
    static abstract int Passes { get; }

    /// <summary>Codes of some steps: output j of a pass is step <c>unit·Outputs·Passes + j·Passes + pass</c> of the block.</summary>
    /// <param name="words">Code words of the block, of the rows in a register; the next word of the same rows is 64 bytes on.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="first">Output 0.</param>
    /// <param name="second">Output 1, if there is one.</param>
    /// <param name="third">Output 2.</param>
    /// <param name="fourth">Output 3.</param>
    static abstract void Decode<TLanes>(
        byte* words, int unit, int pass, out TLanes first, out TLanes second, out TLanes third, out TLanes fourth)
        where TLanes : struct, ICodeLanes<TLanes>;

    /// <summary>Scales and offsets of a block, ready to multiply with.</summary>
    /// <param name="scales">Scales of the 16 rows.</param>
    /// <param name="row">First row of the register.</param>
    /// <param name="tile">Where they go.</param>
    /// <param name="block">The block within the tile: 0, or 0…7 for blocks of 32.</param>
    static abstract void ExpandScales<TLanes>(byte* scales, int row, PanelTile tile, int block)
        where TLanes : struct, ICodeLanes<TLanes>;
}
