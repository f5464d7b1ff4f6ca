using MoeSharp.Tensors.Quantization.Codebooks;

namespace MoeSharp.Tensors.Quantization.IQ3XXS;

/// <summary>256 patterns of four magnitudes.</summary>
/// <remarks>Source: ggml (MIT), iq3xxs_grid.</remarks>
internal static class IQ3XXSCodebook
{
    private const string Places =
        "AAACAAQACQALAA8AEAASABkAIgA7AD0AQQBDAEgASgBRAFUAWABaAGEAbAB4AIAAggCEAIkAkACSAJkAmwCfAKkArwC9AMEAxwDIAMoA1QD4AAsB"
        + "HwEkAS8BOwE9AUEBRwFaAWoBnQG0AcgBzAHOAeMB8QEBAgMCCAIKAhECEwIYAhoCHAInAigCQAJCAkkCUAJSAoECgwKIAooCkQKYAroCwALCAtAC"
        + "2QLmAvYCAQMFAygDUANUA2YDeQOFA9ID4AMABAIECQQLBBAEEgQWBBkEIgRBBEMERQRIBEoEUQRYBHMEdwR4BIAEggSJBI8EkASSBJ8EoAStBMEE"
        + "yATMBPgE/AQdBSsFQwVXBWEFfAXBBcMFzgXlBQEGCAYKBhEGEwYoBjUGOgZABkIGUAZZBmQGZgaBBoMGiAaVBqoGugbJBtsGGAcnBzoHQAdGB1IH"
        + "bQeMB54HswfbB/AHBAgPCB0IHwgrCC8IfAiQCJ8IoAiwCLYIxwjlCAQJKQk0CVUJYwl4CcUJyAnKCdgJCgohCjgKQApGClYKbQqMCpoKugrCCusK"
        + "CAsTCxcLOgtCC1kLqAvUC+ILFAwkDCYMNAxRDHEMjwy0DNgM3gwkDUUNag2bDcMN0Q0DDgUOBw4IDhoOKg5WDmAOig6lDqoOwA7NDtsO8A4RDyEP"
        + "QA9CD1QPmA8=";

    /// <summary>The patterns.</summary>
    public static Codebook Entries { get; } = new(Places, length: 4, bits: 3, [4, 12, 20, 28, 36, 44, 52, 62]);
}
