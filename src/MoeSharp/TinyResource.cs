namespace MoeSharp;

/// <summary>The files of the built-in model, inside the library.</summary>
internal static class TinyResource
{
    /// <summary>The content of a file; null when this build does not have it.</summary>
    public static byte[]? Read(string name)
    {
        using Stream? stream = typeof(TinyResource).Assembly.GetManifestResourceStream("tiny/" + name);
        if (stream is null)
        {
            return null;
        }

        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
