namespace MoeSharp.Tensors;

/// <summary>A parallel region as a value: run for every item, on any thread, in any order.</summary>
/// <remarks>Implement it on a struct: <see cref="Workers.Run"/> then allocates nothing.</remarks>
public interface IWork
{
    /// <summary>Does item <paramref name="item"/>; items must write to disjoint places.</summary>
    /// <param name="item">0 to the count of items − 1.</param>
    /// <param name="worker">0 to <see cref="Workers.Count"/> − 1: whose scratch memory to use.</param>
    void Run(int item, int worker);
}
