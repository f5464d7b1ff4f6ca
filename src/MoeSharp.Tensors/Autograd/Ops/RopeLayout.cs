namespace MoeSharp.Tensors.Autograd.Ops;

/// <summary>Which numbers of a head form a pair that is rotated.</summary>
public enum RopeLayout
{
    /// <summary>(i, i + half): "rotate half", "NeoX"; Llama and most checkpoints in the Hugging Face layout.</summary>
    HalfSplit,

    /// <summary>(2i, 2i + 1): as complex numbers; Llama-4, GPT-J, DeepSeek's own code.</summary>
    Interleaved,

    /// <summary>Reads (2i, 2i + 1), writes (i, i + half); queries and keys permuted alike give the same scores as
    /// <see cref="Interleaved"/>. transformers does DeepSeek this way.</summary>
    InterleavedToHalves,
}
