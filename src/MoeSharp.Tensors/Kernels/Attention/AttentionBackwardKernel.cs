using MoeSharp.Tensors.Kernels.Lanes;

namespace MoeSharp.Tensors.Kernels.Attention;

/// <summary>Gradients of attention for one key and value head of one sequence; weights are computed again from the saved log-sum-exp.</summary>
/// <remarks>
/// <para>With <c>p = exp(s − lse)</c>, <c>dp = dout·v</c>, <c>δ = out·dout</c>: <c>dv += p·dout</c>; <c>ds = p·(dp − δ)</c>, times
/// <c>scale·(1 − (s/cap)²)</c> gives the gradient of q·k; <c>dq += ds·k</c>, <c>dk += ds·q</c>.</para>
/// <para>Order: a gradient of a query is one chain of multiply-adds over keys, ascending; of a key or value one chain over heads of
/// the group, then queries, ascending. One task touches rows of one key head and of its query heads only, so tasks run side by side.</para>
/// <para>Work: 6·d + 4·dv flops a pair. Source: Dao et al. 2022, arXiv:2205.14135, appendix B.</para>
/// </remarks>
internal static unsafe class AttentionBackwardKernel
{
    public static int ScratchLength(in AttentionShape shape) => 1;

    public static void Run(in AttentionShape shape, in AttentionGradientTask task, float* scratch) => Scalar(shape, task);

    /// <summary>The definition, one pair of query and key after the other.</summary>
    internal static void Scalar(in AttentionShape shape, in AttentionGradientTask task)
    {
        int size = shape.HeadSize, valueSize = shape.ValueHeadSize;
        long queryStride = (long)shape.HeadCount * size, keyStride = (long)shape.KeyValueHeadCount * size;
        long outputStride = (long)shape.HeadCount * valueSize, valueStride = (long)shape.KeyValueHeadCount * valueSize;
        for (int h = 0; h < shape.GroupSize; h++)
        {
            int head = (task.KeyValueHead * shape.GroupSize) + h;
            for (int i = 0; i < task.Length; i++)
            {
                float* query = task.Queries + (i * queryStride) + (head * size);
                float* output = task.Output + (i * outputStride) + (head * valueSize);
                float* gradient = task.OutputGradient + (i * outputStride) + (head * valueSize);
                float delta = Dot(output, gradient, valueSize);
                float logSumExp = task.LogSumExp[(i * shape.HeadCount) + head];
                task.Delta[(i * shape.HeadCount) + head] = delta;
                for (int j = shape.FirstKey(i); j < shape.EndKey(i, task.Length); j++)
                {
                    float* key = task.Keys + (j * keyStride) + (task.KeyValueHead * size);
                    float* value = task.Values + (j * valueStride) + (task.KeyValueHead * valueSize);
                    float score = SoftCapMath.Cap(Lanes1.Broadcast(Dot(query, key, size) * shape.Scale), shape.SoftCap).Value;
                    float weight = AttentionForwardKernel.Exp(score - logSumExp);
                    float slope = weight * (Dot(gradient, value, valueSize) - delta) * shape.Scale;
                    if (shape.SoftCap != 0)
                    {
                        float ratio = score / shape.SoftCap;
                        slope *= MathF.FusedMultiplyAdd(-ratio, ratio, 1f);
                    }

                    if (task.ValueGradient != null)
                    {
                        MultiplyAdd(weight, gradient, task.ValueGradient + (j * valueStride) + (task.KeyValueHead * valueSize), valueSize);
                    }

                    if (task.QueryGradient != null)
                    {
                        MultiplyAdd(slope, key, task.QueryGradient + (i * queryStride) + (head * size), size);
                    }

                    if (task.KeyGradient != null)
                    {
                        MultiplyAdd(slope, query, task.KeyGradient + (j * keyStride) + (task.KeyValueHead * size), size);
                    }
                }
            }
        }
    }

    private static float Dot(float* a, float* b, int count)
    {
        float sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum = MathF.FusedMultiplyAdd(a[i], b[i], sum);
        }

        return sum;
    }

    private static void MultiplyAdd(float factor, float* source, float* target, int count)
    {
        for (int i = 0; i < count; i++)
        {
            target[i] = MathF.FusedMultiplyAdd(factor, source[i], target[i]);
        }
    }
}
