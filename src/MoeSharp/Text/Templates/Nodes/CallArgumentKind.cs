namespace MoeSharp.Text.Templates.Nodes;

/// <summary>How a value is handed over.</summary>
internal enum CallArgumentKind
{
    /// <summary>By its place.</summary>
    Positional,

    /// <summary>By name.</summary>
    Named,

    /// <summary>A list of values by their place: <c>*list</c>.</summary>
    Spread,

    /// <summary>A dictionary of values by name: <c>**dict</c>.</summary>
    NamedSpread,
}
