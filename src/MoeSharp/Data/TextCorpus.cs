using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Unicode;

namespace MoeSharp.Data;

/// <summary>Text files, plain or compressed with gzip, as a sequence of documents.</summary>
/// <remarks>
/// <para>Nothing is normalised: a document is the bytes of its file (a byte order mark and carriage returns included) between its bounds.</para>
/// <para>Files come in the order of the arguments; those of a folder or pattern by ordinal order of their paths. A file named twice counts once.</para>
/// <para>Reads one file at a time, when its documents are asked for. Safe for concurrent use.</para>
/// </remarks>
public sealed class TextCorpus
{
    private static readonly string[] s_endings = [".txt", ".txt.gz"];

    private readonly CorpusOptions _options;

    private TextCorpus(IReadOnlyList<string> files, CorpusOptions options)
    {
        Files = files;
        _options = options;
    }

    /// <summary>The files, in order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Where documents begin and end.</summary>
    public CorpusOptions Options => _options;

    /// <summary>Finds the files of a corpus; none is read yet.</summary>
    /// <param name="paths">Files, folders (every <c>.txt</c> and <c>.txt.gz</c> below) or patterns with <c>*</c> and <c>?</c> in their last part.</param>
    /// <param name="options">Where documents begin and end; <see langword="null"/> for one document a file.</param>
    /// <exception cref="FileNotFoundException">A path does not exist, or a folder or pattern has no file.</exception>
    /// <exception cref="ArgumentException">There is no path, or an option is empty.</exception>
    public static TextCorpus Open(IEnumerable<string> paths, CorpusOptions? options = null)
    {
        options ??= new CorpusOptions();
        if (options.DocumentStart?.Length == 0 || options.Separator?.Length == 0)
        {
            throw new ArgumentException("corpus: a document mark is empty. Leave it out, or give its text.", nameof(options));
        }

        var files = new List<string>();
        foreach (string path in paths)
        {
            foreach (string file in Find(path))
            {
                if (!files.Contains(file))
                {
                    files.Add(file);
                }
            }
        }

        return files.Count > 0 ? new TextCorpus(files, options) : throw new ArgumentException("corpus: no path is given. Name at least one file or folder.", nameof(paths));
    }

    /// <summary>Reads the documents, in order; empty ones are left out.</summary>
    /// <exception cref="InvalidDataException">A file is empty, not UTF-8 (with the offset of the first wrong byte), or not gzip.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IEnumerable<CorpusDocument> Documents()
    {
        foreach (string file in Files)
        {
            byte[] text = Read(file);
            List<(int Start, int End)> bounds = Bounds(text);
            string name = Path.GetFileName(file);
            for (int index = 0; index < bounds.Count; index++)
            {
                (int start, int end) = bounds[index];
                yield return new CorpusDocument(bounds.Count == 1 ? name : $"{name}#{index + 1}", text.AsMemory(start, end - start));
            }
        }
    }

    private static string[] Find(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        string[] found = [];
        if (Directory.Exists(path))
        {
            found = [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => s_endings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)))];
        }
        else if (Path.GetFileName(path).AsSpan().ContainsAny('*', '?'))
        {
            string folder = Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
            found = Directory.Exists(folder) ? Directory.GetFiles(folder, Path.GetFileName(path)) : [];
        }
        else
        {
            throw new FileNotFoundException($"corpus: '{path}' does not exist. Give a text file, a folder or a pattern.", path);
        }

        Array.Sort(found, StringComparer.Ordinal);
        return found.Length > 0 ? found : throw new FileNotFoundException($"corpus: '{path}' has no text file. Folders are searched for {string.Join(" and ", s_endings)}.", path);
    }

    private static byte[] Read(string file)
    {
        byte[] text;
        try
        {
            text = file.EndsWith(".gz", StringComparison.Ordinal) ? Decompress(file) : File.ReadAllBytes(file);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"corpus: '{file}' is not a whole gzip file: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"corpus: '{file}' cannot be read: {exception.Message}", exception);
        }

        if (text.Length == 0)
        {
            throw new InvalidDataException($"corpus: '{file}' is empty. Leave it out.");
        }

        if (!Utf8.IsValid(text))
        {
            int offset = 0;
            while (Rune.DecodeFromUtf8(text.AsSpan(offset), out _, out int consumed) == OperationStatus.Done)
            {
                offset += consumed;
            }

            throw new InvalidDataException(
                $"corpus: '{file}' is not UTF-8: the byte 0x{text[offset]:X2} at offset {offset:N0} belongs to no character. Convert the file, for example with iconv.");
        }

        return text;
    }

    private static byte[] Decompress(string file)
    {
        byte[] packed = File.ReadAllBytes(file);
        if (packed.Length == 0)
        {
            return [];
        }

        using var text = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress))
        {
            gzip.CopyTo(text);
        }

        // GZipStream takes the end of a file that was cut short for the end of its text. A whole file ends in the length of its text
        // (of its last part, when several were joined).
        uint length = packed.Length >= 18 ? BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(packed.Length - 4)) : uint.MaxValue;
        bool joined = packed.AsSpan(1).IndexOf((ReadOnlySpan<byte>)[0x1F, 0x8B, 0x08]) >= 0;
        if (length > text.Length || (length < text.Length && !joined))
        {
            throw new InvalidDataException("it was cut short.");
        }

        return text.ToArray();
    }

    private List<(int Start, int End)> Bounds(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> separator = Encoding.UTF8.GetBytes(_options.Separator ?? string.Empty);
        ReadOnlySpan<byte> mark = Encoding.UTF8.GetBytes(_options.DocumentStart ?? string.Empty);
        var bounds = new List<(int Start, int End)>();
        int start = 0;
        int position = 0;
        bool lineStart = true;
        while (position < text.Length)
        {
            if (lineStart && !mark.IsEmpty && position > start && text[position..].StartsWith(mark))
            {
                bounds.Add((start, position));
                start = position;
            }

            if (!separator.IsEmpty && text[position..].StartsWith(separator))
            {
                bounds.Add((start, position));
                position += separator.Length;
                start = position;
                lineStart = true;
                continue;
            }

            lineStart = text[position] == '\n';
            position += 1;
            if (!lineStart)
            {
                // On to the next place where something can happen.
                int step = separator.IsEmpty ? text[position..].IndexOf((byte)'\n') : text[position..].IndexOfAny((byte)'\n', separator[0]);
                position = step < 0 ? text.Length : position + step;
            }
        }

        bounds.Add((start, text.Length));
        bounds.RemoveAll(bound => bound.End == bound.Start);
        return bounds;
    }
}
