using MoeSharp.Formats.Checkpoints;

namespace MoeSharp.Tests.Formats.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("moe-checkpoints-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_newest_good_checkpoint_is_found_and_old_ones_go()
    {
        using CheckpointStore store = CheckpointStore.Open(_folder, keptCount: 2);
        foreach (long step in (long[])[5, 10, 15])
        {
            store.Save(step, folder => File.WriteAllText(Path.Combine(folder, "a.txt"), $"step {step}"));
        }

        store.List().Select(entry => entry.Step).ShouldBe([15, 10]);
        File.ReadAllText(Path.Combine(store.FindLast()!, "a.txt")).ShouldBe("step 15");
        CheckpointStore.FindLastIn(_folder).ShouldBe(store.FindLast());
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("changed")]
    [InlineData("removed")]
    [InlineData("no manifest")]
    [InlineData("half a manifest")]
    public void A_damaged_checkpoint_is_passed_over_with_its_fault(string damage)
    {
        using CheckpointStore store = CheckpointStore.Open(_folder);
        store.Save(1, folder => File.WriteAllText(Path.Combine(folder, "a.txt"), "good"));
        string last = store.Save(2, folder => File.WriteAllText(Path.Combine(folder, "a.txt"), "0123456789"));
        string file = Path.Combine(last, "a.txt"), manifest = Path.Combine(last, "manifest.json");
        switch (damage)
        {
            case "cut": File.WriteAllText(file, "01234"); break;
            case "changed": File.WriteAllText(file, "0123456780"); break;
            case "removed": File.Delete(file); break;
            case "no manifest": File.Delete(manifest); break;
            default: File.WriteAllText(manifest, File.ReadAllText(manifest)[..20]); break;
        }

        var faults = new List<string>();
        Path.GetFileName(store.FindLast((_, fault) => faults.Add(fault))).ShouldBe("step-00000001");
        faults.Count.ShouldBe(1);
    }

    [Fact]
    public void A_damaged_checkpoint_of_the_same_step_is_written_anew_and_a_good_one_is_kept()
    {
        using CheckpointStore store = CheckpointStore.Open(_folder);
        string folder = store.Save(1, target => File.WriteAllText(Path.Combine(target, "a.txt"), "first"));
        store.Save(1, _ => throw new InvalidOperationException("a good checkpoint is not written again"));
        File.WriteAllText(Path.Combine(folder, "a.txt"), "spoilt");

        store.Save(1, target => File.WriteAllText(Path.Combine(target, "a.txt"), "second"));

        File.ReadAllText(Path.Combine(folder, "a.txt")).ShouldBe("second");
    }

    [Fact]
    public void Entries_of_a_folder_reach_the_disk_where_the_system_can_do_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "fsync of a folder is a call of the C library");

        FolderFlush.TryRun(_folder).ShouldBeTrue();
        FolderFlush.TryRun(Path.Combine(_folder, "missing")).ShouldBeFalse();
    }

    [Fact]
    public void Unfinished_folders_are_cleared_and_a_second_run_is_refused()
    {
        string leftover = Path.Combine(_folder, "step-00000007.moe-tmp");
        Directory.CreateDirectory(leftover);
        using CheckpointStore store = CheckpointStore.Open(_folder);

        Directory.Exists(leftover).ShouldBeFalse();
        store.FindLast().ShouldBeNull();
        Should.Throw<IOException>(() => CheckpointStore.Open(_folder)).Message.ShouldContain("another run is writing");
    }
}
