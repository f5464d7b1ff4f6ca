#:project ../src/MoeSharp/MoeSharp.csproj
// Which experts read a text: token by token, then summed up for each layer.
using MoeSharp;
using MoeSharp.Analysis;

// [trace]
RoutingTrace trace = await Model.Tiny.TraceAsync("\"Elementary, my dear Watson,\" said he.");
foreach (LayerRouting layer in trace.Layers.Take(1))
{
    for (int t = 0; t < trace.Tokens.Count; t++)
    {
        IEnumerable<string> choices = Enumerable.Range(t * layer.TopK, layer.TopK).Select(i => $"{layer.Ids[i],2} ({layer.Weights[i]:F2})");
        Console.WriteLine($"layer {layer.Layer}  {trace.TokenTexts[t],-10} {string.Join("  ", choices)}");
    }
}

Console.WriteLine(ExpertUsage.From(trace));
// [/trace]
