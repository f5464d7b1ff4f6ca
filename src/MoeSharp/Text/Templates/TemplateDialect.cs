namespace MoeSharp.Text.Templates;

/// <summary>Whose habits a template follows where engines differ.</summary>
public enum TemplateDialect
{
    /// <summary>As transformers renders (Jinja in Python): <c>True</c>, <c>None</c>, <c>['a']</c>. For every model.</summary>
    Python,

    /// <summary>As <c>@huggingface/jinja</c> renders: <c>true</c>, <c>["a"]</c>, nothing for a lone null, numbers join texts.</summary>
    JavaScript,
}
