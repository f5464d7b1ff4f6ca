using MoeSharp.Experts.Balancing;
using MoeSharp.Formats;

namespace MoeSharp.Training.Recipes;

/// <summary>The balance rule of a recipe.</summary>
public sealed record BalanceRecipe
{
    /// <summary>Coefficient of the load-balancing loss (all choices, per layer, 1 when balanced).</summary>
    /// <value>0.01; 0 switches it off.</value>
    public double LoadBalancing { get; init; } = 0.01;

    /// <summary>Coefficient of the router z-loss.</summary>
    /// <value>0.001; 0 switches it off.</value>
    public double RouterZ { get; init; } = 0.001;

    /// <summary>The rule. The load-balancing value is measured also where its coefficient is 0.</summary>
    public Balance Create()
    {
        Balance rule = Balance.LoadBalancing((float)LoadBalancing);
        return RouterZ > 0 ? rule + Balance.RouterZ((float)RouterZ) : rule;
    }

    /// <summary>Reads the section.</summary>
    internal static BalanceRecipe Read(JsonConfig json)
    {
        var recipe = new BalanceRecipe
        {
            LoadBalancing = json.GetDoubleOr("loadBalancing", 0.01),
            RouterZ = json.GetDoubleOr("routerZ", 0.001),
        };
        if (recipe.LoadBalancing < 0 || recipe.RouterZ < 0)
        {
            json.AddFault($"{json.Prefix}coefficients must not be negative, got loadBalancing {recipe.LoadBalancing} and routerZ {recipe.RouterZ}.");
        }

        return recipe;
    }
}
