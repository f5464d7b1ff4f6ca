#:project ../src/MoeSharp/MoeSharp.csproj
// How long one thread takes to encode 1 MB of English: dotnet run -c Release bench/tokenize.cs FILE …
// FILE is a tokenizer.json, a tokenizer.model or a GGUF file. The vocabulary of a byte-level GGUF file is measured with every way of cutting.
using System.IO.Compression;
using MoeSharp.Formats.Gguf;
using MoeSharp.Text;
using MoeSharp.Text.Gguf;

const int Bytes = 1_000_000;
string[] cuts =
[
    "gpt-2", "olmo", "llama-bpe", "dbrx", "qwen2", "stablelm2", "qwen35", "gpt-4o", "tekken", "kimi-k2", "deepseek-v3", "deepseek-llm", "deepseek-coder",
    "starcoder", "falcon", "bailingmoe", "seed-coder", "exaone-moe", "tiny_aya", "superbpe", "bloom", "viking", "default",
];

byte[] text = new byte[Bytes];
using (var books = new GZipStream(File.OpenRead(Path.Combine("data", "classic-books", "charles-dickens.txt.gz")), CompressionMode.Decompress))
{
    books.ReadExactly(text);
}

Console.WriteLine($"{Bytes} bytes of data/classic-books/charles-dickens.txt.gz; processor time, best of 5, each with an empty cache of words");
Console.WriteLine("| tokenizer | tokens | first, s | best, s |");
Console.WriteLine("|---|---|---|---|");
foreach (string path in args)
{
    string name = Path.GetFileName(path);
    if (path.EndsWith(".gguf", StringComparison.Ordinal))
    {
        using GgufFile file = GgufFile.Open(path);
        if (file.Values.GetText("tokenizer.ggml.model") == "gpt2")
        {
            foreach (string cut in cuts)
            {
                file.Values.Set("tokenizer.ggml.pre", GgufValue.Of(cut));
                Measure($"{name}, {cut}", () => GgufVocabulary.Read(file.Values).Tokenizer);
            }
        }
        else
        {
            Measure(name, () => GgufVocabulary.Read(file.Values).Tokenizer);
            file.Values.Set("tokenizer.ggml.model", GgufValue.Of("t5"));
            Measure($"{name}, its scores as a unigram model", () => GgufVocabulary.Read(file.Values).Tokenizer);
        }
    }
    else
    {
        Measure(name, () => Tokenizer.Load(path));
    }
}

void Measure(string name, Func<Tokenizer> load)
{
    for (int i = 0; i < 3; i++)
    {
        _ = load().Encode(text.AsSpan(i * 100_000, 300_000)); // so that the code is compiled
    }

    double first = 0, best = double.MaxValue;
    int tokens = 0;
    for (int run = 0; run < 5; run++)
    {
        Tokenizer tokenizer = load();
        _ = tokenizer.Encode(text.AsSpan(0, 2000)); // what is built on first use
        TimeSpan start = Environment.CpuUsage.TotalTime; // of all threads, so that a busy machine does not count
        tokens = tokenizer.Encode(text).Length;
        double seconds = (Environment.CpuUsage.TotalTime - start).TotalSeconds;
        first = run == 0 ? seconds : first;
        best = Math.Min(best, seconds);
    }

    Console.WriteLine(FormattableString.Invariant($"| {name} | {tokens} | {first:F3} | {best:F3} |"));
}
