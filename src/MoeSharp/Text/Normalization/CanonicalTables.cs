using System.Globalization;

namespace MoeSharp.Text.Normalization;

/// <summary>Unicode's combining classes, canonical decompositions and compositions, read once from the resource beside this file.</summary>
internal static class CanonicalTables
{
    private const int HangulSyllable = 0xAC00, HangulLead = 0x1100, HangulVowel = 0x1161, HangulTail = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TailCount;

    private static readonly Dictionary<int, byte> s_classes = [];
    private static readonly Dictionary<int, int[]> s_decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> s_compositions = [];
    private static readonly HashSet<int> s_seconds = [];

    static CanonicalTables()
    {
        using Stream stream = typeof(CanonicalTables).Assembly.GetManifestResourceStream("MoeSharp.Text.Normalization.canonical.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is string line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            string[] parts = line.Split(' ');
            if (parts.Length == 2)
            {
                string[] range = parts[0].Split('-');
                byte combiningClass = byte.Parse(parts[1], CultureInfo.InvariantCulture);
                for (int value = Code(range[0]); value <= Code(range[1]); value++)
                {
                    s_classes[value] = combiningClass;
                }
            }
            else if (parts[1] == ">")
            {
                s_decompositions[Code(parts[0])] = [.. parts.Skip(2).Select(Code)];
            }
            else
            {
                int[] pair = [Code(parts[1]), Code(parts[2])];
                s_decompositions[Code(parts[0])] = pair;
                s_compositions[(pair[0], pair[1])] = Code(parts[0]);
                s_seconds.Add(pair[1]);
            }
        }
    }

    /// <summary>The canonical combining class; 0 for a starter.</summary>
    public static int Class(int value) => value >= 0x300 && s_classes.TryGetValue(value, out byte combiningClass) ? combiningClass : 0;

    /// <summary>Whether a code point is its own form C and neither joins nor moves around the character before it.</summary>
    public static bool IsInert(int value)
    {
        // All below U+0300 are; this answers for most text.
        if (value < 0x300)
        {
            return true;
        }

        bool hangulPart = value is >= HangulVowel and < HangulVowel + VowelCount or > HangulTail and < HangulTail + TailCount;
        return !hangulPart && !s_classes.ContainsKey(value) && !s_decompositions.ContainsKey(value) && !s_seconds.Contains(value);
    }

    /// <summary>Appends the full canonical decomposition.</summary>
    public static void Decompose(int value, List<int> output)
    {
        int syllable = value - HangulSyllable;
        if ((uint)syllable < SyllableCount)
        {
            output.Add(HangulLead + (syllable / (VowelCount * TailCount)));
            output.Add(HangulVowel + (syllable / TailCount % VowelCount));
            if (syllable % TailCount != 0)
            {
                output.Add(HangulTail + (syllable % TailCount));
            }
        }
        else if (value >= 0xC0 && s_decompositions.TryGetValue(value, out int[]? parts))
        {
            foreach (int part in parts)
            {
                Decompose(part, output);
            }
        }
        else
        {
            output.Add(value);
        }
    }

    /// <summary>The one character that a pair composes to.</summary>
    public static bool TryCompose(int first, int second, out int composed)
    {
        if ((uint)(first - HangulLead) < LeadCount && (uint)(second - HangulVowel) < VowelCount)
        {
            composed = HangulSyllable + ((((first - HangulLead) * VowelCount) + (second - HangulVowel)) * TailCount);
            return true;
        }

        int syllable = first - HangulSyllable;
        if ((uint)syllable < SyllableCount && syllable % TailCount == 0 && second > HangulTail && second < HangulTail + TailCount)
        {
            composed = first + (second - HangulTail);
            return true;
        }

        return s_compositions.TryGetValue((first, second), out composed);
    }

    private static int Code(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
