using MoeSharp.Text.Templates.Values;

namespace MoeSharp.Text.Templates;

/// <summary>Finds what a value has under a name or a key, in Jinja's order.</summary>
internal static class Lookup
{
    /// <summary><c>owner.name</c>: a method or field first, then an element.</summary>
    public static Value Attribute(Rendering rendering, Value owner, string name)
    {
        RefuseUndefined(rendering, owner);
        return owner.Attribute(name) ?? owner.Item(new TextValue(name)) ?? new UndefinedValue($"{Describe(owner)} has no attribute '{name}'");
    }

    /// <summary><c>owner[key]</c>: an element first, then a method or field.</summary>
    public static Value Item(Rendering rendering, Value owner, Value key)
    {
        RefuseUndefined(rendering, owner);
        if (owner.Item(key) is { } item)
        {
            return item;
        }

        return key is TextValue name
            ? owner.Attribute(name.Text) ?? new UndefinedValue($"{Describe(owner)} has no attribute '{name.Text}'")
            : new UndefinedValue($"{Describe(owner)} has no element {rendering.Str(key).Text}");
    }

    /// <summary>What <c>map(attribute='a.b')</c> and its like find: names and positions with dots between them.</summary>
    public static Value Path(Rendering rendering, Value owner, Value path, Value? otherwise = null)
    {
        if (path is not TextValue text)
        {
            return OrElse(Item(rendering, owner, path), otherwise);
        }

        foreach (string part in text.Text.Split('.'))
        {
            Value key = part.Length is > 0 and < 9 && part.All(char.IsAsciiDigit)
                ? new IntegerValue(int.Parse(part, System.Globalization.CultureInfo.InvariantCulture))
                : new TextValue(part);
            owner = OrElse(Item(rendering, owner, key), otherwise);
        }

        return owner;
    }

    private static Value OrElse(Value value, Value? otherwise) => value is UndefinedValue && otherwise is not null ? otherwise : value;

    private static string Describe(Value owner) => owner is NoneValue ? "None" : $"a {owner.TypeName}";

    private static void RefuseUndefined(Rendering rendering, Value owner)
    {
        if (owner is UndefinedValue undefined && rendering.IsPython)
        {
            throw undefined.Fault();
        }
    }
}
