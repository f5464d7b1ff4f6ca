namespace MoeSharp.Training.Optimizers;

/// <summary>Brings a matrix near the orthogonal one of the same row and column spaces: all singular values near 1.</summary>
/// <remarks>
/// <para>Formula: <c>X = M / max(‖M‖, 1e-7)</c>; each iteration <c>A = XXᵀ</c>, <c>X = a·X + (b·A + c·A²)·X</c>.
/// A tall matrix is worked on transposed, so A is the smaller square.</para>
/// <para>Plain loops in float32: correct, not fast.</para>
/// </remarks>
internal static class NewtonSchulz
{
    /// <summary>Works in place on <paramref name="matrix"/> <c>[rows, columns]</c>.</summary>
    public static void Orthogonalize(float[] matrix, int rows, int columns, int iterations, float a, float b, float c)
    {
        bool tall = rows > columns;
        float[] x = tall ? Transpose(matrix, rows, columns) : (float[])matrix.Clone();
        int m = Math.Min(rows, columns), n = Math.Max(rows, columns);

        double squares = 0;
        foreach (float element in x)
        {
            squares += (double)element * element;
        }

        float scale = (float)(1 / Math.Max(Math.Sqrt(squares), 1e-7));
        for (int i = 0; i < x.Length; i++)
        {
            x[i] *= scale;
        }

        for (int iteration = 0; iteration < iterations; iteration++)
        {
            float[] gram = Product(x, Transpose(x, m, n), m, m, n);
            float[] update = Product(gram, gram, m, m, m);
            for (int i = 0; i < update.Length; i++)
            {
                update[i] = (b * gram[i]) + (c * update[i]);
            }

            float[] next = Product(update, x, m, n, m);
            for (int i = 0; i < x.Length; i++)
            {
                x[i] = (a * x[i]) + next[i];
            }
        }

        (tall ? Transpose(x, m, n) : x).CopyTo(matrix, 0);
    }

    /// <summary><c>y [m, n] = a [m, k] · b [k, n]</c>.</summary>
    private static float[] Product(float[] a, float[] b, int m, int n, int k)
    {
        float[] y = new float[m * n];
        for (int i = 0; i < m; i++)
        {
            Span<float> row = y.AsSpan(i * n, n);
            for (int j = 0; j < k; j++)
            {
                System.Numerics.Tensors.TensorPrimitives.FusedMultiplyAdd(b.AsSpan(j * n, n), a[(i * k) + j], row, row);
            }
        }

        return y;
    }

    private static float[] Transpose(float[] x, int rows, int columns)
    {
        float[] y = new float[x.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                y[(j * rows) + i] = x[(i * columns) + j];
            }
        }

        return y;
    }
}
