namespace MoeSharp.Tensors.Measurement;

/// <summary>One measured speed beside the peak it is a share of.</summary>
/// <param name="Name">As <c>matmul.nt.t1</c>.</param>
/// <param name="Value">The speed.</param>
/// <param name="Unit">As <c>GFLOP/s</c>.</param>
/// <param name="Peak">The peak by its place in the machine's facts, as <c>float32Gflops.t1</c>.</param>
/// <param name="Share">The speed divided by that peak.</param>
public sealed record BenchResult(string Name, double Value, string Unit, string Peak, double Share);
