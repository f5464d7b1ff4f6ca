using System.Text.Json;
using MoeSharp.Text.Patterns;

namespace MoeSharp.Text.Json;

/// <summary>Reads a field <c>pattern</c>: a regular expression or a literal text.</summary>
internal static class PatternField
{
    /// <summary>The pattern; <paramref name="literal"/> is the text when it is one.</summary>
    public static Pattern Read(JsonFields fields, string file, out string? literal)
    {
        JsonElement element = fields.Required("pattern");
        var patternFields = new JsonFields(element, file, fields.At("pattern"));
        string? regex = patternFields.Text("Regex");
        literal = patternFields.Text("String");
        patternFields.RefuseOthers();
        if ((regex is null) == (literal is null))
        {
            throw fields.FaultAt("pattern", "must have either Regex or String");
        }

        try
        {
            return new Pattern(regex ?? Pattern.Escape(literal!));
        }
        catch (PatternSyntaxException exception)
        {
            throw fields.FaultAt("pattern", exception.Message);
        }
    }
}
