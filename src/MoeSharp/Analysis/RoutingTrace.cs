namespace MoeSharp.Analysis;

/// <summary>Which experts a text visited: ids and weights for each token in each layer with experts.</summary>
/// <param name="Tokens">The token ids, T of them.</param>
/// <param name="Layers">One for each layer with experts, in order.</param>
/// <param name="TokenTexts">The text of each token, where there is a tokenizer; otherwise empty.</param>
public sealed record RoutingTrace(IReadOnlyList<int> Tokens, IReadOnlyList<LayerRouting> Layers, IReadOnlyList<string> TokenTexts);
