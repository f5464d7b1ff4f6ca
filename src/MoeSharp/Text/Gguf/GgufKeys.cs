namespace MoeSharp.Text.Gguf;

/// <summary>Keys of a vocabulary in GGUF metadata. Source: ggml-org/ggml, docs/gguf.md.</summary>
internal static class GgufKeys
{
    public const string Model = "tokenizer.ggml.model";
    public const string Pre = "tokenizer.ggml.pre";
    public const string Tokens = "tokenizer.ggml.tokens";
    public const string Scores = "tokenizer.ggml.scores";
    public const string Types = "tokenizer.ggml.token_type";
    public const string Merges = "tokenizer.ggml.merges";
    public const string CharacterMap = "tokenizer.ggml.precompiled_charsmap";
    public const string Begin = "tokenizer.ggml.bos_token_id";
    public const string End = "tokenizer.ggml.eos_token_id";
    public const string EndOfTurn = "tokenizer.ggml.eot_token_id";
    public const string EndOfMessage = "tokenizer.ggml.eom_token_id";
    public const string Unknown = "tokenizer.ggml.unknown_token_id";
    public const string Padding = "tokenizer.ggml.padding_token_id";
    public const string AddsBegin = "tokenizer.ggml.add_bos_token";
    public const string AddsEnd = "tokenizer.ggml.add_eos_token";
    public const string AddsSpace = "tokenizer.ggml.add_space_prefix";
    public const string RemovesSpaces = "tokenizer.ggml.remove_extra_whitespaces";
    public const string ChatTemplate = "tokenizer.chat_template";
}
