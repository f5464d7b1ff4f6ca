using System.Globalization;
using System.Runtime.CompilerServices;

namespace MoeSharp.Text.Templates.Values;

/// <summary>Writes values as Python's <c>json.dumps</c> does.</summary>
/// <param name="writer">Where to.</param>
/// <param name="indent">What a level is indented by; null for one line.</param>
/// <param name="itemSeparator">Between elements.</param>
/// <param name="keySeparator">Between a key and its value.</param>
/// <param name="ensureAscii">Whether other characters are escaped.</param>
/// <param name="sortKeys">Whether keys are sorted.</param>
internal sealed class JsonText(
    ValueWriter writer, string? indent, string itemSeparator, string keySeparator, bool ensureAscii, bool sortKeys)
{
    public void Write(Value value) => Write(value, 0);

    /// <summary>Writes a JSON string.</summary>
    public static void WriteText(TextValue value, bool ensureAscii, ValueWriter writer)
    {
        string text = value.Text;
        writer.Append("\"");
        int plain = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            string? escape = character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => Unicode(character),
                >= '\x7f' when ensureAscii => Unicode(character),
                _ => null,
            };
            if (escape is not null)
            {
                writer.Append(value, plain, i);
                writer.Append(escape, value.Marks?.OriginAt(i) ?? TextOrigin.Template);
                plain = i + 1;
            }
        }

        writer.Append(value, plain, text.Length);
        writer.Append("\"");
    }

    private static string Unicode(char character) => "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture);

    private void Write(Value value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case TextValue text:
                WriteText(text, ensureAscii, writer);
                break;
            case DictValue dict:
                WriteDict(dict, depth);
                break;
            case NamespaceValue space when !writer.IsPython:
                WriteDict(space.Fields, depth);
                break;
            case SequenceValue sequence:
                WriteSequence(sequence, depth);
                break;
            case UndefinedValue undefined when writer.IsPython:
                throw new TemplateException($"tojson: {undefined.Reason}. Give it a value, or use the default filter");
            case NoneValue or UndefinedValue:
                writer.Append("null");
                break;
            case BooleanValue boolean:
                writer.Append(boolean.IsTrue ? "true" : "false");
                break;
            case FloatValue real when !double.IsFinite(real.Number):
                writer.Append(double.IsNaN(real.Number) ? "NaN" : real.Number > 0 ? "Infinity" : "-Infinity");
                break;
            case IntegerValue or FloatValue:
                value.Write(writer);
                break;
            default:
                throw new TemplateException($"tojson: a {value.TypeName} has no JSON form. Give texts, numbers, lists or dictionaries");
        }
    }

    private void WriteSequence(SequenceValue sequence, int depth)
    {
        writer.Append("[");
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            writer.Append(i == 0 ? "" : itemSeparator);
            NewLine(depth + 1);
            Write(sequence.Items[i], depth + 1);
        }

        if (sequence.Items.Count > 0)
        {
            NewLine(depth);
        }

        writer.Append("]");
    }

    private void WriteDict(DictValue dict, int depth)
    {
        IEnumerable<KeyValuePair<Value, Value>> entries = dict.Entries;
        if (sortKeys)
        {
            entries = entries.OrderBy(entry => Key(entry.Key).Text, StringComparer.Ordinal);
        }

        writer.Append("{");
        bool first = true;
        foreach ((Value key, Value value) in entries)
        {
            writer.Append(first ? "" : itemSeparator);
            NewLine(depth + 1);
            WriteText(Key(key), ensureAscii, writer);
            writer.Append(keySeparator);
            Write(value, depth + 1);
            first = false;
        }

        if (!first)
        {
            NewLine(depth);
        }

        writer.Append("}");
    }

    private TextValue Key(Value key) => key switch
    {
        TextValue text => text,
        BooleanValue boolean => new TextValue(boolean.IsTrue ? "true" : "false"),
        NoneValue => new TextValue("null"),
        IntegerValue or FloatValue => writer.Rendering.Str(key),
        _ => throw new TemplateException($"tojson: a {key.TypeName} cannot be a key. Use texts as keys"),
    };

    private void NewLine(int depth)
    {
        if (indent is not null)
        {
            writer.Append("\n");
            for (int i = 0; i < depth; i++)
            {
                writer.Append(indent);
            }
        }
    }
}
