using System.Text.RegularExpressions;

namespace MoeSharp.Tests.HouseRules;

/// <summary>What the plan of the house demands of every source file; a fault names file, line and rule.</summary>
public partial class HouseRulesTests
{
    private static readonly string[] s_libraries = ["src/MoeSharp.Tensors", "src/MoeSharp", "src/MoeSharp.Cli"];

    // A folder of the library may use itself, what stands before it in the list of its row, and the tensors.
    private static readonly Dictionary<string, string[]> s_mayUse = new()
    {
        ["Formats"] = ["Text"],
        ["Text"] = ["Formats"],
        ["Data"] = ["Text", "Formats"],
        ["Layers"] = [],
        ["Experts"] = ["Layers"],
        ["Models"] = ["Experts", "Layers", "Formats", "Text"],
        ["Inference"] = ["Models", "Experts", "Layers", "Formats", "Text"],
        ["Training"] = ["Models", "Experts", "Layers", "Formats", "Text", "Data"],
        ["Analysis"] = ["Training", "Inference", "Models", "Experts", "Layers", "Formats", "Text", "Data"],
    };

    [Fact]
    public void Arrows_point_one_way()
    {
        var faults = new List<string>();
        foreach (SourceFile file in SourceTree.Files("src/MoeSharp.Tensors"))
        {
            Search(file, OfTheLibrary(), faults, "the tensors know no layer and no model");
        }

        foreach (SourceFile file in SourceTree.Files("src/MoeSharp"))
        {
            string room = file.Path.Split('/')[2];
            if (!s_mayUse.TryGetValue(room, out string[]? allowed))
            {
                continue; // files at the top of the library are its front door: they may use every room
            }

            for (int i = 0; i < file.Lines.Length; i++)
            {
                Match match = UseOfARoom().Match(file.Lines[i]);
                if (match.Success && match.Groups[1].Value != room && s_mayUse.ContainsKey(match.Groups[1].Value)
                    && !allowed.Contains(match.Groups[1].Value))
                {
                    faults.Add($"{file.Path}:{i + 1}: {room} must not use {match.Groups[1].Value}.");
                }
            }
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    [Fact]
    public void Namespaces_equal_folders()
    {
        var faults = new List<string>();
        foreach (SourceFile file in SourceTree.Files([.. s_libraries, "tests/MoeSharp.Tensors.Tests", "tests/MoeSharp.Tests"]))
        {
            int line = Array.FindIndex(file.Lines, text => text.StartsWith("namespace ", StringComparison.Ordinal));
            string expected = string.Join('.', file.Folder.Split('/')[1..]);
            if (line >= 0 && file.Lines[line] != $"namespace {expected};")
            {
                faults.Add($"{file.Path}:{line + 1}: the namespace must be {expected}.");
            }
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    [Fact]
    public void One_type_a_file_named_after_it()
    {
        var faults = new List<string>();
        foreach (SourceFile file in SourceTree.Files(s_libraries))
        {
            string[] types = [.. file.Lines.Select(line => TopLevelType().Match(line)).Where(m => m.Success).Select(m => m.Groups[1].Value)];
            if (types.Length > 1)
            {
                faults.Add($"{file.Path}: holds {string.Join(", ", types)}. One top-level type a file.");
            }
            else if (types.Length == 1 && types[0] != file.Name.Split('.')[0])
            {
                faults.Add($"{file.Path}: holds {types[0]}. The file must be named after it.");
            }
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    [Fact]
    public void Files_stay_small()
    {
        string[] faults =
        [
            .. from file in SourceTree.Files([.. s_libraries, "tests"])
               let limit = file.Path.StartsWith("tests/", StringComparison.Ordinal) ? 600 : file.Folder.Contains("/Kernels") ? 250 : 400
               where file.Lines.Length > limit
               select $"{file.Path}: {file.Lines.Length} lines, at most {limit}.",
        ];
        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    [Fact]
    public void Unsafe_code_stays_among_the_tensors()
    {
        var faults = new List<string>();
        foreach (SourceFile file in SourceTree.Files("src/MoeSharp", "src/MoeSharp.Cli"))
        {
            Search(file, UnsafeWord(), faults, "unsafe code belongs into MoeSharp.Tensors");
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    [Fact]
    public void Banned_names_and_calls_do_not_occur()
    {
        var faults = new List<string>();
        foreach (SourceFile file in SourceTree.Files(s_libraries))
        {
            Search(file, BannedName(), faults, "a banned word in a name (see docs/notation.md)");
            Search(file, BannedCall(), faults, "use TimeProvider for the clock and Rng for random numbers");
            if (!file.Path.EndsWith("MoeSharp.Tensors/Workers.cs", StringComparison.Ordinal))
            {
                Search(file, BannedThread(), faults, "only Workers starts threads");
            }

            if (!file.Path.StartsWith("src/MoeSharp.Cli", StringComparison.Ordinal))
            {
                Search(file, BannedConsole(), faults, "only the command writes to the console");
            }
        }

        faults.ShouldBeEmpty(string.Join('\n', faults));
    }

    private static void Search(SourceFile file, Regex pattern, List<string> faults, string rule)
    {
        for (int i = 0; i < file.Lines.Length; i++)
        {
            string line = file.Lines[i].TrimStart();
            if (!line.StartsWith("//", StringComparison.Ordinal) && pattern.IsMatch(line))
            {
                faults.Add($"{file.Path}:{i + 1}: {rule}.");
            }
        }
    }

    [GeneratedRegex(@"\bMoeSharp\.(Experts|Layers|Models|Inference|Training|Analysis|Formats|Text|Data|Cli|Server)\b")]
    private static partial Regex OfTheLibrary();

    [GeneratedRegex(@"^\s*using (?:static )?MoeSharp\.(\w+)")]
    private static partial Regex UseOfARoom();

    [GeneratedRegex(@"^(?:(?:public|internal|static|sealed|abstract|partial|unsafe|readonly|ref|file) )*(?:class|struct|interface|enum|record(?: struct| class)?) (\w+)")]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"\b(unsafe|stackalloc byte\*|fixed \()")]
    private static partial Regex UnsafeWord();

    [GeneratedRegex(@"\b(?!MethodImpl\b|RuntimeHelpers\b)\w+(Manager|Helper|Helpers|Utils|Utilities|Misc|Impl)\b|(?<!"")\b(w1|w2|w3)\b(?!"")|\b(var|Tensor|Parameter|float|int) gate\b")]
    private static partial Regex BannedName();

    [GeneratedRegex(@"\bDateTime\.(Utc)?Now\b|\bDateTimeOffset\.(Utc)?Now\b|\bnew Random\(|\bRandom\.Shared\b")]
    private static partial Regex BannedCall();

    [GeneratedRegex(@"\bnew Thread\(|\bParallel\.(For|ForEach|Invoke)|\bThreadPool\.")]
    private static partial Regex BannedThread();

    [GeneratedRegex(@"\bConsole\.")]
    private static partial Regex BannedConsole();
}
