using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Decoding;

/// <summary>A stretch of time in which weights are touched that lie in mapped files.</summary>
internal readonly ref struct Touch : IDisposable
{
    private readonly ReadOnlySpan<MappedFile> _files;

    /// <summary>Begins.</summary>
    /// <exception cref="IOException">A file has shrunk since it was mapped.</exception>
    public Touch(ReadOnlySpan<MappedFile> files)
    {
        int entered = 0;
        try
        {
            for (; entered < files.Length; entered++)
            {
                files[entered].Enter();
            }
        }
        catch
        {
            Exit(files[..entered]);
            throw;
        }

        _files = files;
    }

    /// <summary>Ends.</summary>
    public void Dispose() => Exit(_files);

    private static void Exit(ReadOnlySpan<MappedFile> files)
    {
        foreach (MappedFile file in files)
        {
            file.Exit();
        }
    }
}
