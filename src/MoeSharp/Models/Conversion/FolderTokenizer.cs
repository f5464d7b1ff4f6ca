using MoeSharp.Formats;
using MoeSharp.Text;

namespace MoeSharp.Models.Conversion;

/// <summary>Writes the tokenizer of a model into a folder, where it is no JSON file that can be copied.</summary>
internal static class FolderTokenizer
{
    /// <summary>Copies a SentencePiece model, or writes what a GGUF file's vocabulary says.</summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="ModelFormatException">The vocabulary is malformed or not known.</exception>
    public static bool Write(StoredModel model, string folder)
    {
        if (model.Gguf is null && model.ReadFile(TokenizerFile.ModelName) is { } content)
        {
            AtomicFile.WriteAllBytes(Path.Combine(folder, TokenizerFile.ModelName), content);
            return true;
        }

        if (model.ReadTokenizer() is not { } tokenizer)
        {
            return false;
        }

        tokenizer.Save(Path.Combine(folder, tokenizer.FileName));
        return true;
    }
}
