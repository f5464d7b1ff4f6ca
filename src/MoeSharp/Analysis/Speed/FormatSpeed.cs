namespace MoeSharp.Analysis.Speed;

/// <summary>Which kernel multiplies weights of a format, and how fast.</summary>
/// <param name="Format">The format.</param>
/// <param name="Kernel">The body of the kernel on this machine.</param>
/// <param name="IsRepacked">True where weights are kept in an order of their own for it.</param>
/// <param name="GBs">Bytes of the weight a second, one row of activations, in units of 10⁹.</param>
/// <param name="Gops">Operations a second, many rows of activations, in units of 10⁹.</param>
public sealed record FormatSpeed(string Format, string Kernel, bool IsRepacked, double GBs, double Gops);
