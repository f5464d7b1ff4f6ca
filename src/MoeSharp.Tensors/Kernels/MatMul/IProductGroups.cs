namespace MoeSharp.Tensors.Kernels.MatMul;

/// <summary>A list of independent products that one parallel region works on: one, or one an expert.</summary>
internal interface IProductGroups
{
    /// <summary>Count of products.</summary>
    int Count { get; }

    /// <summary>Block rows of the product that has most.</summary>
    int BlockRows { get; }

    /// <summary>Elements of the shared buffer for the packed panels of all products.</summary>
    long PackedLength { get; }

    /// <summary>Product <paramref name="group"/>.</summary>
    Product this[int group] { get; }
}
