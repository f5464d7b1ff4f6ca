using System.Reflection;
using MoeSharp.Experts.Balancing;
using MoeSharp.Experts.Routing;
using MoeSharp.Tests.HouseRules;

namespace MoeSharp.Tests.Experts;

public class CatalogueTests
{
    [Fact]
    public void Every_preset_stands_in_the_catalogue_with_its_convention()
    {
        string page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "catalogue.md"));
        string[] missing =
        [
            .. Presets(typeof(Router)).Concat(Presets(typeof(Balance))).Concat(Rules())
                .Where(name => !page.Contains($"`{name}", StringComparison.Ordinal)),
        ];
        missing.ShouldBeEmpty();
    }

    private static IEnumerable<string> Presets(Type type) =>
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static)
        where method.ReturnType == type && !method.IsSpecialName
        select $"{type.Name}.{method.Name}(";

    private static IEnumerable<string> Rules() =>
        from member in typeof(CapacityRule).GetMembers(BindingFlags.Public | BindingFlags.Static)
        where member is PropertyInfo or MethodInfo { IsSpecialName: false }
        select member.Name;
}
