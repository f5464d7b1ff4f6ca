using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text.Gguf;
using MoeSharp.Text.Json;
using MoeSharp.Text.SentencePiece;

namespace MoeSharp.Text;

/// <summary>Finds out which kind of tokenizer file stands at a path, and reads it.</summary>
internal static class TokenizerFile
{
    /// <summary>The name of a tokenizer in Hugging Face's format.</summary>
    public const string JsonName = "tokenizer.json";

    /// <summary>The name of a SentencePiece model.</summary>
    public const string ModelName = "tokenizer.model";

    /// <summary>The tokenizer file of a folder, <c>tokenizer.json</c> before <c>tokenizer.model</c>; <see langword="null"/> when there is none.</summary>
    public static string? Find(string folder)
    {
        foreach (string name in (string[])[JsonName, ModelName])
        {
            string path = Path.Combine(folder, name);
            if (File.Exists(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>The parts of a tokenizer.</summary>
    /// <param name="path">A file, which is read alone; or a folder that holds one, where <c>tokenizer_config.json</c> beside it adds what the file
    /// lacks.</param>
    /// <exception cref="ModelFormatException">The file is malformed or not supported.</exception>
    /// <exception cref="IOException">There is no file, or it cannot be read.</exception>
    public static TokenizerParts Read(string path)
    {
        string file = !Directory.Exists(path) ? path : Find(path)
            ?? throw new FileNotFoundException($"{path}: there is no {JsonName} and no {ModelName}. Name a folder or file with a tokenizer.");
        if (IsGguf(file))
        {
            using GgufFile gguf = GgufFile.Open(file);
            return GgufVocabulary.Read(gguf.Values).Tokenizer.Parts;
        }

        TokenizerParts parts = Read(File.ReadAllBytes(file), file);
        return Directory.Exists(path) ? TokenizerConfigReader.Complete(parts, path) : parts;
    }

    /// <summary>The parts of a tokenizer.</summary>
    /// <param name="content">The bytes of a file.</param>
    /// <param name="file">What errors call the file.</param>
    /// <exception cref="ModelFormatException">The contents are malformed or not supported.</exception>
    public static TokenizerParts Read(ReadOnlyMemory<byte> content, string file) =>
        IsSentencePiece(content.Span, file)
            ? SentencePieceParts.Create(SentencePieceReader.Read(content.Span, file), recognisesControl: false)
            : TokenizerJsonReader.Read(content, file);

    private static bool IsGguf(string path)
    {
        Span<byte> magic = stackalloc byte[4];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("GGUF"u8);
    }

    /// <summary>A SentencePiece model begins with its first piece, in field 1; JSON text may not begin with that byte and mean anything.</summary>
    private static bool IsSentencePiece(ReadOnlySpan<byte> content, string file) =>
        !file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
        && (file.EndsWith(".model", StringComparison.OrdinalIgnoreCase) || (content.Length > 2 && content[0] == 0x0A && content[2] == 0x0A));
}
