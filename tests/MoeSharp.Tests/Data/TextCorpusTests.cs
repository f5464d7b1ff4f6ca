using System.IO.Compression;
using System.Text;
using MoeSharp.Data;
using MoeSharp.Tests.Formats;

namespace MoeSharp.Tests.Data;

public class TextCorpusTests
{
    [Fact]
    public void A_file_is_one_document_byte_for_byte()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.txt"], "\uFEFFone\r\ntwo\n");
        Texts(TextCorpus.Open([folder["a.txt"]])).ShouldBe(["\uFEFFone\r\ntwo\n"]);
    }

    [Fact]
    public void Folders_and_patterns_come_in_the_order_of_their_names_and_once()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["sub"]);
        File.WriteAllText(folder["b.txt"], "B");
        Gzip(folder["a.txt.gz"], "A");
        File.WriteAllText(Path.Combine(folder["sub"], "c.txt"), "C");
        File.WriteAllText(folder["ignored.bin"], "x");
        Texts(TextCorpus.Open([folder.Path])).ShouldBe(["A", "B", "C"]);
        Texts(TextCorpus.Open([folder["b*"], folder.Path])).ShouldBe(["B", "A", "C"]);
    }

    [Fact]
    public void A_line_that_begins_with_the_mark_starts_a_document()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["books.txt"], "# Title: A\ntext # Title: no\n# Title: B\nmore");
        TextCorpus corpus = TextCorpus.Open([folder["books.txt"]], new CorpusOptions { DocumentStart = "# Title: " });
        Texts(corpus).ShouldBe(["# Title: A\ntext # Title: no\n", "# Title: B\nmore"]);
        corpus.Documents().Select(document => document.Source).ShouldBe(["books.txt#1", "books.txt#2"]);
    }

    [Fact]
    public void A_separator_belongs_to_no_document_and_empty_documents_vanish()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["s.txt"], "<|end|>one<|end|><|end|>two<three\n<|end|>\n");
        Texts(TextCorpus.Open([folder["s.txt"]], new CorpusOptions { Separator = "<|end|>" })).ShouldBe(["one", "two<three\n", "\n"]);
    }

    [Fact]
    public void Faults_are_one_line_with_the_file_and_the_offset()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["latin1.txt"], [.. "caf"u8, 0xE9, .. " au lait"u8]);
        File.WriteAllText(folder["empty.txt"], string.Empty);
        File.WriteAllText(folder["not.txt.gz"], "this is not gzip");
        Fault<InvalidDataException>(() => Texts(TextCorpus.Open([folder["latin1.txt"]]))).ShouldContain("latin1.txt' is not UTF-8: the byte 0xE9 at offset 3");
        Fault<InvalidDataException>(() => Texts(TextCorpus.Open([folder["empty.txt"]]))).ShouldContain("empty.txt' is empty");
        Fault<InvalidDataException>(() => Texts(TextCorpus.Open([folder["not.txt.gz"]]))).ShouldContain("not.txt.gz' is not a whole gzip file");
        Fault<FileNotFoundException>(() => TextCorpus.Open([folder["absent.txt"]])).ShouldContain("absent.txt' does not exist");
        Directory.CreateDirectory(folder["void"]);
        Fault<FileNotFoundException>(() => TextCorpus.Open([folder["void"]])).ShouldContain("void' has no text file");
        Fault<ArgumentException>(() => TextCorpus.Open([])).ShouldContain("no path is given");
    }

    [Fact]
    public void A_gzip_file_cut_short_is_a_fault()
    {
        using var folder = new TemporaryFolder();
        Gzip(folder["a.txt.gz"], string.Concat(Enumerable.Range(0, 5000)));
        byte[] whole = File.ReadAllBytes(folder["a.txt.gz"]);
        File.WriteAllBytes(folder["a.txt.gz"], whole[..(whole.Length / 2)]);
        Fault<InvalidDataException>(() => Texts(TextCorpus.Open([folder["a.txt.gz"]]))).ShouldContain("a.txt.gz' is not a whole gzip file: it was cut short");
    }

    [Fact]
    public void Joined_gzip_files_are_read_to_the_end()
    {
        using var folder = new TemporaryFolder();
        Gzip(folder["a.txt.gz"], "a longer first part");
        Gzip(folder["b.txt.gz"], "second");
        File.WriteAllBytes(folder["c.txt.gz"], [.. File.ReadAllBytes(folder["a.txt.gz"]), .. File.ReadAllBytes(folder["b.txt.gz"])]);
        Texts(TextCorpus.Open([folder["c.txt.gz"]])).ShouldBe(["a longer first partsecond"]);
    }

    private static List<string> Texts(TextCorpus corpus) => [.. corpus.Documents().Select(document => Encoding.UTF8.GetString(document.Text.Span))];

    private static string Fault<TException>(Action action)
        where TException : Exception
    {
        string message = Should.Throw<TException>(action).Message;
        message.ShouldNotContain("\n");
        return message;
    }

    private static void Gzip(string path, string text)
    {
        using var stream = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }
}
