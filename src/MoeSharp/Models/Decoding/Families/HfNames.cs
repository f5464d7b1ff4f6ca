using MoeSharp.Tensors.Autograd.Ops;

namespace MoeSharp.Models.Decoding.Families;

/// <summary>Words of a published <c>config.json</c>.</summary>
internal static class HfNames
{
    /// <summary>The activations that are known, for messages.</summary>
    public const string KnownActivations = "silu, swish, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu, sigmoid, tanh";

    /// <summary>The activation of a name; null when it is not known.</summary>
    public static Activation? ActivationOf(string name) => name switch
    {
        "silu" or "swish" => Activation.Silu,
        "gelu" => Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        "sigmoid" => Activation.Sigmoid,
        "tanh" => Activation.Tanh,
        _ => null,
    };

    /// <summary>The name of an activation; null when published files have none.</summary>
    public static string? Of(Activation activation) => activation switch
    {
        Activation.Silu => "silu",
        Activation.Gelu => "gelu",
        Activation.GeluTanh => "gelu_pytorch_tanh",
        Activation.Relu => "relu",
        Activation.Sigmoid => "sigmoid",
        Activation.Tanh => "tanh",
        _ => null,
    };
}
