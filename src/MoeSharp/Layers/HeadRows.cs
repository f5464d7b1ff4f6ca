using MoeSharp.Tensors;

namespace MoeSharp.Layers;

/// <summary>Rows of tokens with all heads side by side, and rows of one head after another: what a matrix a head works on.</summary>
/// <remarks>
/// <para>Shapes: <c>[T, H·d]</c> ↔ <c>[H·T, d]</c>, row <c>h·T + t</c>. For evaluation: no gradient goes through.</para>
/// </remarks>
internal static class HeadRows
{
    /// <summary>Some columns of each head, head by head: <c>x [T, H·d]</c> → <c>[H·T, count]</c>.</summary>
    public static Tensor Split(Tensor x, int heads, int start, int count)
    {
        Tensor rows = x.Scope!.New(new TensorShape((long)heads * x.Rows, count));
        x.Scope.Workers.Run(heads, new SplitWork(x, heads, start, rows));
        return rows;
    }

    /// <summary>Heads side by side again, each followed by some of its columns in another tensor.</summary>
    /// <param name="rows"><c>[H·T, c]</c>.</param>
    /// <param name="heads">H.</param>
    /// <param name="other"><c>[T, H·d]</c>, or null for none.</param>
    /// <param name="start">First column that is taken from a head of <paramref name="other"/>; it is taken to the head's end.</param>
    /// <returns><c>[T, H·(c + d − start)]</c>.</returns>
    public static Tensor Join(Tensor rows, int heads, Tensor? other = null, int start = 0)
    {
        int tokens = rows.Rows / heads, right = other is null ? 0 : (other.Columns / heads) - start;
        Tensor joined = rows.Scope!.New(new TensorShape(tokens, (long)heads * (rows.Columns + right)));
        rows.Scope.Workers.Run(heads, new JoinWork(rows, other, heads, start, right, joined));
        return joined;
    }

    private readonly struct SplitWork(Tensor x, int heads, int start, Tensor rows) : IWork
    {
        public void Run(int item, int worker)
        {
            int size = x.Columns / heads;
            for (int t = 0; t < x.Rows; t++)
            {
                x.Row(t).Slice((item * size) + start, rows.Columns).CopyTo(rows.Row(((long)item * x.Rows) + t));
            }
        }
    }

    private readonly struct JoinWork(Tensor rows, Tensor? other, int heads, int start, int right, Tensor joined) : IWork
    {
        public void Run(int item, int worker)
        {
            int left = rows.Columns;
            for (int t = 0; t < joined.Rows; t++)
            {
                Span<float> target = joined.Row(t).Slice(item * (left + right), left + right);
                rows.Row(((long)item * joined.Rows) + t).CopyTo(target);
                if (right > 0)
                {
                    other!.Row(t).Slice((item * (other.Columns / heads)) + start, right).CopyTo(target[left..]);
                }
            }
        }
    }
}
