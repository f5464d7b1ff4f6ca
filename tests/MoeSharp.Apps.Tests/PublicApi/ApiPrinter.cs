using System.Globalization;
using System.Reflection;
using System.Text;

namespace MoeSharp.Apps.Tests.PublicApi;

/// <summary>Prints what an assembly shows to the world: one line a type, one line a member, in ordinal order.</summary>
internal static class ApiPrinter
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext s_nullability = new();

    private static readonly Dictionary<Type, string> s_words = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
    };

    public static string Print(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            foreach (string member in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("  ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        string kind = type.IsEnum ? "enum"
            : type.IsInterface ? "interface"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type.IsValueType ? "struct"
            : type is { IsAbstract: true, IsSealed: true } ? "static class"
            : type.IsAbstract ? "abstract class"
            : type.IsSealed ? "sealed class"
            : "class";
        IEnumerable<Type> above = type.GetInterfaces().Where(one => one.IsPublic && one.Assembly == type.Assembly).OrderBy(one => one.FullName, StringComparer.Ordinal);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
        {
            above = above.Prepend(parent);
        }

        string bases = string.Join(", ", above.Select(Name));
        return $"{kind} {type.Namespace}.{Name(type)}{(bases.Length > 0 ? " : " + bases : "")}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name =>
                $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}");
        }

        return
        [
            .. type.GetConstructors(Declared).Where(one => Shows(one) && !IsGenerated(one)).Select(one => $"{Access(one)}new({Parameters(one)})"),
            .. type.GetFields(Declared).Where(one => one.IsPublic || one.IsFamily).Select(one =>
                $"{(one.IsLiteral ? "const " : one.IsStatic ? "static " : "")}{Name(one.FieldType)} {one.Name}"),
            .. type.GetProperties(Declared).Where(one => one.GetAccessors(true).Any(Shows) && !IsGenerated(one)).Select(Property),
            .. type.GetMethods(Declared).Where(one => Shows(one) && !one.IsSpecialName && !IsGenerated(one) && !IsOverrideOfObject(one)).Select(Method),
            .. type.GetMethods(Declared).Where(one => Shows(one) && one.Name.StartsWith("op_", StringComparison.Ordinal) && !IsGenerated(one)).Select(Method),
        ];
    }

    private static string Property(PropertyInfo property)
    {
        MethodInfo shown = property.GetAccessors(true).First(Shows);
        string read = property.GetMethod is { } get && Shows(get) ? "get; " : "";
        string write = property.SetMethod is { } set && Shows(set)
            ? set.ReturnParameter.GetRequiredCustomModifiers().Any(one => one.Name == "IsExternalInit") ? "init; " : "set; "
            : "";
        ParameterInfo[] index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        bool isNullable = s_nullability.Create(property).ReadState == NullabilityState.Nullable;
        return $"{Access(shown)}{Kind(shown)}{Name(property.PropertyType)}{Mark(property.PropertyType, isNullable)} {name} {{ {read}{write}}}";
    }

    private static string Method(MethodInfo method)
    {
        string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(one => one.Name))}>" : "";
        bool isNullable = s_nullability.Create(method.ReturnParameter).ReadState == NullabilityState.Nullable;
        return $"{Access(method)}{Kind(method)}{Name(method.ReturnType)}{Mark(method.ReturnType, isNullable)} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Kind(MethodInfo method) =>
        method.IsStatic ? "static "
        : method.DeclaringType!.IsInterface ? method.IsAbstract ? "" : "virtual "
        : method.IsAbstract ? "abstract "
        : method.IsVirtual && !method.IsFinal ? method.GetBaseDefinition() == method ? "virtual " : "override "
        : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        bool isNullable = s_nullability.Create(parameter).ReadState == NullabilityState.Nullable;
        string way = parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref "
            : parameter.IsDefined(typeof(ParamArrayAttribute), false) ? "params " : "";
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        string value = parameter.HasDefaultValue ? " = " + Value(parameter.DefaultValue) : "";
        return $"{way}{Name(type)}{Mark(type, isNullable)} {parameter.Name}{value}";
    }

    private static string Value(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Mark(Type type, bool isNullable) => isNullable && !type.IsValueType ? "?" : "";

    private static string Name(Type type)
    {
        if (s_words.TryGetValue(type, out string? word))
        {
            return word;
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Name(inner) + "?";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        string name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        if (!type.IsGenericType)
        {
            return name;
        }

        string arguments = string.Join(", ", type.GetGenericArguments().Select(Name));
        return $"{name.Split('`')[0]}<{arguments}>";
    }

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static bool Shows(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsOverrideOfObject(MethodInfo method) =>
        method.GetBaseDefinition().DeclaringType == typeof(object) || method.GetBaseDefinition().DeclaringType == typeof(ValueType);

    // What the compiler makes for records says nothing that the properties do not.
    private static bool IsGenerated(MemberInfo member) =>
        member.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), false)
        || member.Name is "EqualityContract" or "PrintMembers" or "<Clone>$" or "Deconstruct";
}
