using System.Text.Json;
using MoeSharp.Text.PreTokenization;

namespace MoeSharp.Text.Json;

/// <summary>The fields that <c>Metaspace</c> has as a pre-tokenizer and as a decoder.</summary>
/// <param name="Replacement">What a space is written as.</param>
/// <param name="Scheme">Where one is added.</param>
/// <param name="Splits">Whether words are cut apart.</param>
internal sealed record MetaspaceField(string Replacement, MetaspaceScheme Scheme, bool Splits)
{
    /// <summary>Reads the fields.</summary>
    public static MetaspaceField Read(JsonFields fields)
    {
        string replacement = fields.TextOf(fields.Required("replacement"), fields.At("replacement"));
        _ = fields.Text("str_rep");
        bool? legacy = fields.Optional("add_prefix_space") is JsonElement ? fields.Flag("add_prefix_space", null) : null;
        string? name = fields.Text("prepend_scheme");
        MetaspaceScheme scheme = name switch
        {
            null => legacy == false ? MetaspaceScheme.Never : MetaspaceScheme.Always,
            "always" => MetaspaceScheme.Always,
            "first" => MetaspaceScheme.First,
            "never" => MetaspaceScheme.Never,
            _ => throw fields.FaultAt("prepend_scheme", $"is {name}, which is not known. always, first and never are"),
        };
        if (legacy == false && scheme != MetaspaceScheme.Never)
        {
            throw fields.FaultAt("add_prefix_space", $"is false, but prepend_scheme is {name}. They must agree");
        }

        return replacement.Length > 0
            ? new MetaspaceField(replacement, scheme, fields.Flag("split", true))
            : throw fields.FaultAt("replacement", "is empty");
    }
}
