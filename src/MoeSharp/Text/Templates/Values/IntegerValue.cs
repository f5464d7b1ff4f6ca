using System.Globalization;
using System.Numerics;

namespace MoeSharp.Text.Templates.Values;

/// <summary>A whole number of any size.</summary>
internal sealed class IntegerValue(BigInteger value) : Value
{
    public BigInteger Number => value;

    public override string TypeName => "int";

    public override bool IsTrue => !value.IsZero;

    public override void Write(ValueWriter writer) => writer.Append(value.ToString(CultureInfo.InvariantCulture));

    public override bool EqualTo(Value other, ref int work) => Values.Number.AreEqual(this, other);

    public override int GetHashCode() => value.GetHashCode();
}
