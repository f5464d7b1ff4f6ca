namespace MoeSharp.Models.Conversion;

/// <summary>What a tensor of a GGUF file is for, as far as it decides how many bits it gets.</summary>
public enum TensorRole
{
    /// <summary>Something else that may be quantised.</summary>
    Other,

    /// <summary>The embedding; in a tied model also the head.</summary>
    Embedding,

    /// <summary>The head.</summary>
    Head,

    /// <summary>The query projection.</summary>
    Query,

    /// <summary>The key projection.</summary>
    Key,

    /// <summary>The value projection.</summary>
    Value,

    /// <summary>Query, key and value projections in one.</summary>
    QueryKeyValue,

    /// <summary>Attention's output projection.</summary>
    AttentionOutput,

    /// <summary>Another matrix of attention: the parts of latent attention.</summary>
    Attention,

    /// <summary>The gate projection of a feed-forward network or expert.</summary>
    GateProjection,

    /// <summary>The up projection of a feed-forward network or expert.</summary>
    UpProjection,

    /// <summary>The down projection of a feed-forward network or expert.</summary>
    DownProjection,

    /// <summary>The router, and the logit of a shared expert.</summary>
    Router,

    /// <summary>Norms, biases, sinks, tables: small, and never below F32.</summary>
    Vector,
}
