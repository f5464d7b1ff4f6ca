using System.Text;
using MoeSharp.Formats;

namespace MoeSharp.Tests.Formats;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_name_appears_with_the_commit_and_replaces_the_old_file()
    {
        AtomicFile.WriteAllBytes(_folder["a"], "old"u8);
        using (AtomicFile file = AtomicFile.Create(_folder["a"]))
        {
            file.Write("new "u8);
            file.Write("text"u8);
            File.ReadAllText(_folder["a"]).ShouldBe("old");
            file.Commit();
        }

        File.ReadAllText(_folder["a"]).ShouldBe("new text");
        Directory.GetFiles(_folder.Path).ShouldBe([_folder["a"]]);
    }

    [Fact]
    public void Reserved_room_that_is_not_used_does_not_stay()
    {
        using (AtomicFile file = AtomicFile.Create(_folder["a"], expectedBytes: 100_000))
        {
            file.Write("x"u8);
            file.Commit();
        }

        new FileInfo(_folder["a"]).Length.ShouldBe(1);
    }

    [Fact]
    public void Leftovers_are_removed_but_not_those_of_a_running_writer()
    {
        File.WriteAllText(_folder["dead" + AtomicFile.TemporarySuffix], "half");
        File.WriteAllText(_folder["other.tmp"], "not ours");
        using AtomicFile running = AtomicFile.Create(_folder["live"]);

        AtomicFile.RemoveLeftovers(_folder.Path).ShouldBe(1);

        Directory.GetFiles(_folder.Path).Order().ShouldBe([_folder["live" + AtomicFile.TemporarySuffix], _folder["other.tmp"]]);
    }

    [Fact]
    public void A_leftover_of_the_same_file_is_written_over()
    {
        File.WriteAllText(_folder["a" + AtomicFile.TemporarySuffix], "a long leftover of a killed process");

        AtomicFile.WriteAllBytes(_folder["a"], "new"u8);

        File.ReadAllText(_folder["a"]).ShouldBe("new");
    }

    [Fact]
    public void A_second_writer_is_refused()
    {
        using AtomicFile first = AtomicFile.Create(_folder["a"]);

        Should.Throw<IOException>(() => AtomicFile.Create(_folder["a"]));

        first.Write("first"u8);
        first.Commit();
        File.ReadAllText(_folder["a"]).ShouldBe("first");
    }

    [Fact]
    public void A_disk_without_room_is_one_clear_error_and_the_old_file_stays()
    {
        AtomicFile.WriteAllBytes(_folder["a"], "old"u8);
        long free = new DriveInfo(_folder.Path).AvailableFreeSpace;
        long wanted = free + (1L << 36);

        IOException fault = Should.Throw<IOException>(() => AtomicFile.Create(_folder["a"], wanted));

        fault.Message.ShouldStartWith($"a: the disk is full: {wanted:N0} bytes are wanted, ");
        fault.Message.ShouldContain("an older file of this name is untouched.");
        File.ReadAllText(_folder["a"]).ShouldBe("old");
        Directory.GetFiles(_folder.Path).Length.ShouldBe(1);
    }

    [Fact]
    public void A_disk_that_fills_up_while_writing_is_the_same_error()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full, a device that is always full");
        string path = _folder["a"];
        using var file = new AtomicFile(path, path + AtomicFile.TemporarySuffix,
            File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite), 1000);

        IOException fault = Should.Throw<IOException>(() => file.Write(Encoding.UTF8.GetBytes("text")));

        fault.Message.ShouldStartWith("a: the disk is full: 1,000 bytes are wanted, ");
    }
}
