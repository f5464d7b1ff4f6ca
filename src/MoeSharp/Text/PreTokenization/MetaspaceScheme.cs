namespace MoeSharp.Text.PreTokenization;

/// <summary>Where <c>Metaspace</c> adds a space that the text does not have.</summary>
internal enum MetaspaceScheme
{
    /// <summary>Before every piece.</summary>
    Always,

    /// <summary>Only where the text begins.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}
