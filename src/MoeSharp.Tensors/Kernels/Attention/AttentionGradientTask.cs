namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>The backward pass of one key and value head of one sequence: all its keys, and all rows of the query heads that read it.</summary>
internal unsafe struct AttentionGradientTask
{
    /// <summary>Rows of the sequence; as many keys.</summary>
    public int Length;

    /// <summary>Key and value head; the first query head is this times the group size.</summary>
    public int KeyValueHead;

    /// <summary>First row of the sequence in tensors <c>[T, H·d]</c>, <c>[T, G·d]</c>, <c>[T, G·dv]</c>, <c>[T, H·dv]</c>.</summary>
    public float* Queries;
    public float* Keys;
    public float* Values;
    public float* Output;
    public float* OutputGradient;

    /// <summary>First row of the sequence in <c>[T, H]</c>: log Σ exp of the forward pass.</summary>
    public float* LogSumExp;

    /// <summary>First row of the sequence in <c>[T, H]</c>: receives output · output gradient of each row and head.</summary>
    public float* Delta;

    /// <summary>First row of the sequence in the gradients, which this task adds to; null where none is wanted.</summary>
    public float* QueryGradient;
    public float* KeyGradient;
    public float* ValueGradient;
}
