using System.Reflection;
using MoeSharp.Tensors;

namespace MoeSharp.Apps.Tests.PublicApi;

/// <summary>The public surface of each library stands in a file, so that a change to it shows in review.</summary>
/// <remarks><c>MOESHARP_WRITE_API=1</c> rewrites the files instead of comparing.</remarks>
public class PublicApiTests
{
    [Fact]
    public void The_surface_of_the_tensors_is_written_down() => Compare(typeof(Tensor).Assembly, "src/MoeSharp.Tensors/PublicApi.txt");

    [Fact]
    public void The_surface_of_the_library_is_written_down() => Compare(typeof(Model).Assembly, "src/MoeSharp/PublicApi.txt");

    private static void Compare(Assembly assembly, string file)
    {
        string surface = ApiPrinter.Print(assembly), path = Repository.PathOf(file);
        if (Environment.GetEnvironmentVariable("MOESHARP_WRITE_API") == "1")
        {
            File.WriteAllText(path, surface);
        }

        string written = File.Exists(path) ? File.ReadAllText(path) : "";
        string[] old = written.Split('\n'), now = surface.Split('\n');
        string change = string.Join('\n', [.. now.Except(old).Take(20).Select(line => "+ " + line), .. old.Except(now).Take(20).Select(line => "- " + line)]);
        written.ShouldBe(surface, $"{file} is not the surface of {assembly.GetName().Name} any more:\n{change}\nIf that is meant, run the tests with MOESHARP_WRITE_API=1.");
    }
}
