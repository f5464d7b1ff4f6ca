namespace MoeSharp.Models.Conversion;

/// <summary>What the columns of a matrix are multiplied with: mean squares E[x²] and means E[x], one a column; both empty where nothing is known.</summary>
/// <remarks>An error e in a row changes its result by Σ e·x, whose mean square is taken as Σ (E[x²] − E[x]²)·e² + (Σ E[x]·e)²: the exact one, were
/// the columns independent of one another around their means.</remarks>
internal sealed class ColumnImportance
{
    /// <summary>Of what never stands still a twentieth is taken to vary, so that no column has to bear everything.</summary>
    private const float LeastVariance = 0.05f;

    /// <param name="squares">E[x²].</param>
    /// <param name="means">E[x].</param>
    public ColumnImportance(float[] squares, float[] means)
    {
        Squares = squares;
        Means = means;
        Variances = new float[squares.Length];
        Leverages = new float[squares.Length];
        for (int k = 0; k < squares.Length; k++)
        {
            Variances[k] = MathF.Max(squares[k] - (means[k] * means[k]), LeastVariance * squares[k]);
            Leverages[k] = Variances[k] > 0 ? means[k] / Variances[k] : 0;
            Leverage += Leverages[k] * means[k];
        }
    }

    /// <summary>Nothing is known.</summary>
    public static ColumnImportance None { get; } = new([], []);

    public float[] Squares { get; }

    public float[] Means { get; }

    /// <summary>E[x²] − E[x]², at least a twentieth of E[x²].</summary>
    public float[] Variances { get; }

    /// <summary>Mean over variance: how far a column moves, most cheaply, to change the result for the mean input.</summary>
    public float[] Leverages { get; }

    /// <summary>Σ mean²/variance.</summary>
    public double Leverage { get; }

    public bool IsKnown => Squares.Length > 0;

    /// <summary>True where the inputs have means other than 0.</summary>
    public bool HasMeans => Leverage > 0;
}
