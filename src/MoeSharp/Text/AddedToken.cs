namespace MoeSharp.Text;

/// <summary>A token that is found in the text before anything else happens, such as <c>&lt;|endoftext|&gt;</c>.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="IsSpecial">Whether it steers a model rather than being text: it is then only recognised when the caller asks for it.</param>
/// <param name="SingleWord">Whether it counts only where no letter, digit or underscore stands beside it.</param>
/// <param name="LeftStrip">Whether it swallows white space before it.</param>
/// <param name="RightStrip">Whether it swallows white space after it.</param>
/// <param name="Normalized">Whether it is looked for in the normalised text instead of the text as given.</param>
public sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false);
