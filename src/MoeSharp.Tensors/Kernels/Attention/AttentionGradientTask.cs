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

    /// <summary>A head's part of a row of <c>[T, H·d]</c>.</summary>
    public static float* QueryRow(in AttentionShape shape, float* tensor, int row, int head) =>
        tensor + (row * shape.QueryStride) + ((long)head * shape.HeadSize);

    /// <summary>A head's part of a row of <c>[T, H·dv]</c>.</summary>
    public static float* OutputRow(in AttentionShape shape, float* tensor, int row, int head) =>
        tensor + (row * shape.OutputStride) + ((long)head * shape.ValueHeadSize);

    /// <summary>This key head's part of a row of <c>[T, G·d]</c>.</summary>
    public readonly float* KeyRow(in AttentionShape shape, float* tensor, int row) =>
        tensor + (row * shape.KeyStride) + ((long)KeyValueHead * shape.HeadSize);

    /// <summary>This key head's part of a row of <c>[T, G·dv]</c>.</summary>
    public readonly float* ValueRow(in AttentionShape shape, float* tensor, int row) =>
        tensor + (row * shape.ValueStride) + ((long)KeyValueHead * shape.ValueHeadSize);
}
