namespace MoeSharp.Text.Patterns;

/// <summary>Lays a parsed pattern out as instructions.</summary>
internal sealed class PatternCompiler
{
    private const int MostInstructions = 20_000;

    private readonly string _pattern;
    private readonly List<PatternInstruction> _program = [];

    private PatternCompiler(string pattern)
    {
        _pattern = pattern;
    }

    /// <summary>The instructions of a pattern, and what its matches can begin with.</summary>
    /// <exception cref="PatternSyntaxException">The pattern is wrong, not supported, or too large.</exception>
    public static PatternInstruction[] Compile(string pattern, out FirstBytes first)
    {
        PatternNode node = PatternParser.Parse(pattern);
        first = FirstBytes.Of(node, FirstBytes.All);
        var compiler = new PatternCompiler(pattern);
        compiler.Emit(node);
        compiler.Add(PatternOperation.End);
        return [.. compiler._program];
    }

    private void Emit(PatternNode node)
    {
        switch (node.Kind)
        {
            case PatternNodeKind.Set:
                Add(PatternOperation.Set).Set = node.Set;
                break;
            case PatternNodeKind.Sequence:
                foreach (PatternNode part in node.Children)
                {
                    Emit(part);
                }

                break;
            case PatternNodeKind.Alternatives:
                EmitAlternatives(node.Children);
                break;
            case PatternNodeKind.Repeat:
                EmitRepeat(node);
                break;
            case PatternNodeKind.Look:
                PatternInstruction look = Add(PatternOperation.Look);
                (look.Negative, look.Behind, look.B) = (node.Negative, node.Behind, (int)node.Children[0].MaximumLength);
                EmitPart(look, node.Children[0]);
                break;
            case PatternNodeKind.Atomic:
                EmitPart(Add(PatternOperation.Atomic), node.Children[0]);
                break;
            default:
                Add(PatternOperation.Anchor).Kind = node.Kind;
                break;
        }
    }

    private void EmitPart(PatternInstruction owner, PatternNode part)
    {
        Emit(part);
        Add(PatternOperation.End);
        owner.A = _program.Count;
    }

    private void EmitAlternatives(IReadOnlyList<PatternNode> alternatives)
    {
        var jumps = new List<PatternInstruction>();
        for (int index = 0; index < alternatives.Count - 1; index++)
        {
            PatternInstruction split = Add(PatternOperation.Split);
            split.A = _program.Count;
            split.First = FirstOf(alternatives[index]);
            Emit(alternatives[index]);
            jumps.Add(Add(PatternOperation.Jump));
            split.B = _program.Count;
        }

        Emit(alternatives[^1]);
        foreach (PatternInstruction jump in jumps)
        {
            jump.A = _program.Count;
        }
    }

    private void EmitRepeat(PatternNode node)
    {
        PatternNode body = node.Children[0];
        if (body.Kind == PatternNodeKind.Set)
        {
            PatternInstruction repeat = Add(PatternOperation.RepeatSet);
            (repeat.Set, repeat.A, repeat.B, repeat.Repeat) = (body.Set, node.Minimum, node.Maximum, node.Repeat);
            return;
        }

        if (node.Repeat == RepeatKind.Possessive)
        {
            EmitPart(Add(PatternOperation.Atomic), node with { Repeat = RepeatKind.Greedy });
            return;
        }

        for (int count = 0; count < node.Minimum; count++)
        {
            Emit(body);
        }

        bool lazy = node.Repeat == RepeatKind.Lazy;
        if (node.Maximum == int.MaxValue)
        {
            int start = _program.Count;
            PatternInstruction split = Add(PatternOperation.Split);
            Emit(body);
            Add(PatternOperation.Jump).A = start;
            (split.A, split.B) = lazy ? (_program.Count, start + 1) : (start + 1, _program.Count);
            split.First = lazy ? null : FirstOf(body);
            return;
        }

        var splits = new List<(PatternInstruction Split, int Body)>();
        for (int count = node.Minimum; count < node.Maximum; count++)
        {
            splits.Add((Add(PatternOperation.Split), _program.Count));
            Emit(body);
        }

        foreach ((PatternInstruction split, int start) in splits)
        {
            (split.A, split.B) = lazy ? (_program.Count, start) : (start, _program.Count);
            split.First = lazy ? null : FirstOf(body);
        }
    }

    private static FirstBytes? FirstOf(PatternNode node)
    {
        FirstBytes first = FirstBytes.Of(node, FirstBytes.All);
        return first.IsAll ? null : first;
    }

    private PatternInstruction Add(PatternOperation operation)
    {
        if (_program.Count >= MostInstructions)
        {
            throw new PatternSyntaxException(_pattern, 0, $"the pattern unfolds to more than {MostInstructions} steps");
        }

        var instruction = new PatternInstruction(operation);
        _program.Add(instruction);
        return instruction;
    }
}
