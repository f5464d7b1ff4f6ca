namespace MoeSharp.Analysis.Scoring;

/// <summary>How a long text is cut into windows, and which tokens count.</summary>
/// <remarks>
/// <para>By default windows lie side by side and every token but the first of a window counts: a text no longer than a window is what
/// transformers calls the loss of its tokens. With a stride below the length windows overlap, and a token counts in the first that
/// has it. <see cref="IsHalf"/> is llama.cpp's convention.</para>
/// </remarks>
public sealed record WindowOptions
{
    /// <summary>Tokens of a window.</summary>
    /// <value>512 by default.</value>
    public int Length { get; init; } = 512;

    /// <summary>Tokens from one window's start to the next.</summary>
    /// <value>0 (by default) for the length.</value>
    public int Stride { get; init; }

    /// <summary>True to count only the second half of each window, and to leave out a last one that is not full.</summary>
    public bool IsHalf { get; init; }

    /// <summary>The windows of a text.</summary>
    /// <param name="tokenCount">Its tokens.</param>
    /// <exception cref="ArgumentException">The lengths are out of range, or no token would count.</exception>
    public IReadOnlyList<TextWindow> Cut(int tokenCount)
    {
        int stride = Stride == 0 ? Length : Stride;
        if (Length < 2 || stride < 1 || stride > Length || (IsHalf && stride != Length))
        {
            throw new ArgumentException(
                $"windows of {Length} tokens every {stride}: a window must have at least 2 tokens, and the next begin no later than it ends. "
                + "Windows of which the second half counts lie side by side.");
        }

        var windows = new List<TextWindow>();
        for (int start = 0, scored = 1; start < tokenCount; start += stride)
        {
            int length = Math.Min(Length, tokenCount - start);
            if (IsHalf && length < Length)
            {
                break;
            }

            int first = IsHalf ? (Length / 2) + 1 : Math.Max(1, scored - start);
            if (first < length)
            {
                windows.Add(new TextWindow(start, length, first));
                scored = start + length;
            }

            if (start + length == tokenCount)
            {
                break;
            }

            scored = stride == Length ? start + stride + 1 : scored;
        }

        return windows.Count > 0
            ? windows
            : throw new ArgumentException($"the text has {tokenCount} tokens, too few for one that counts. Use a longer text or a shorter window.");
    }
}
