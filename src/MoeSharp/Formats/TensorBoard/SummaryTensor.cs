namespace MoeSharp.Formats.TensorBoard;

/// <summary>A tensor inside an event: how TensorBoard stores texts and new-style scalars.</summary>
/// <param name="Type">TensorFlow's number of the type: 1 float, 7 text.</param>
/// <param name="Shape">Sizes; <see langword="null"/> when the event has none.</param>
/// <param name="Floats">Values of a float tensor.</param>
/// <param name="Texts">Values of a text tensor.</param>
public sealed record SummaryTensor(int Type, IReadOnlyList<long>? Shape, IReadOnlyList<float> Floats, IReadOnlyList<string> Texts)
{
    /// <summary>TensorFlow's DT_FLOAT.</summary>
    public const int FloatType = 1;

    /// <summary>TensorFlow's DT_STRING.</summary>
    public const int TextType = 7;
}
