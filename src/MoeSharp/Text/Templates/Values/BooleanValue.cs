using System.Numerics;

namespace MoeSharp.Text.Templates.Values;

/// <summary>Python's <c>True</c> and <c>False</c>, which count as 1 and 0.</summary>
internal sealed class BooleanValue : Value
{
    private readonly bool _value;

    private BooleanValue(bool value) => _value = value;

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public override string TypeName => "bool";

    public override bool IsTrue => _value;

    public static BooleanValue Of(bool value) => value ? True : False;

    public override void Write(ValueWriter writer) =>
        writer.Append(writer.IsPython ? (_value ? "True" : "False") : (_value ? "true" : "false"));

    public override bool EqualTo(Value other, ref int work) => Number.AreEqual(this, other);

    public override int GetHashCode() => (_value ? BigInteger.One : BigInteger.Zero).GetHashCode();
}
