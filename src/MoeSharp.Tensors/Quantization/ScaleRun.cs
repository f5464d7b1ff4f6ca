namespace MoeSharp.Tensors.Quantization;

/// <summary>Consecutive rows of a matrix whose scales follow one another too.</summary>
/// <param name="FirstRow">The first of the rows.</param>
/// <param name="FirstScaleRow">The row of scales that the first row uses.</param>
/// <param name="Skipped">How many rows before the first one, in the published tensor, use that row of scales.</param>
internal readonly record struct ScaleRun(int FirstRow, int FirstScaleRow, int Skipped)
{
    /// <summary>The row of scales of a row of the run.</summary>
    public int ScaleRowOf(long row) => FirstScaleRow + (int)((row - FirstRow + Skipped) / BlockScales.BlockLength);
}
