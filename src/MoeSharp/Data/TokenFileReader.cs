using System.Buffers.Binary;
using System.Text;
using MoeSharp.Formats;

namespace MoeSharp.Data;

/// <summary>Reads the bytes of a <see cref="TokenFile"/> in order; every fault names the file and the offset.</summary>
internal sealed class TokenFileReader(string path, byte[] content)
{
    private readonly string _path = path;
    private readonly byte[] _content = content;
    private int _position;

    /// <summary>Takes bytes that have to be these.</summary>
    public void Require(ReadOnlySpan<byte> expected, string what)
    {
        if (!Bytes(expected.Length, what).SequenceEqual(expected))
        {
            _position -= expected.Length;
            throw Fault($"does not begin with {what}, so it is no token file");
        }
    }

    /// <summary>Takes some bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int count, string what)
    {
        if (count < 0 || count > _content.Length - _position)
        {
            throw Fault($"needs {count:N0} bytes for {what}, but {_content.Length - _position:N0} are left");
        }

        _position += count;
        return _content.AsSpan(_position - count, count);
    }

    /// <summary>Takes the rest of the file as a corpus.</summary>
    public TokenCorpus Corpus()
    {
        int vocabularySize = Number("vocabulary size", 1, int.MaxValue);
        int endToken = Number("end token", 0, vocabularySize - 1);
        int documentCount = Number("document count", 1, int.MaxValue);
        int tokenCount = Number("token count", 1, int.MaxValue);
        int width = Number("width of an id", 2, 4);
        if (width == 3)
        {
            throw Fault("has ids of 3 bytes. They must have 2 or 4");
        }

        // What is claimed must fit the file before anything of that size is allocated.
        long least = (4L * vocabularySize) + (8L * documentCount) + ((long)width * tokenCount);
        if (least > _content.Length - _position)
        {
            throw Fault($"claims at least {least:N0} more bytes, but {_content.Length - _position:N0} are left");
        }

        var lengths = new int[vocabularySize];
        for (int id = 0; id < lengths.Length; id++)
        {
            lengths[id] = Number("bytes of a token", 0, 1 << 20);
        }

        var documents = new TokenDocument[documentCount];
        long start = 0;
        for (int index = 0; index < documentCount; index++)
        {
            string source = Encoding.UTF8.GetString(Bytes(Number("length of a name", 0, 1 << 16), "a name"));
            documents[index] = new TokenDocument(source, (int)start, Number("tokens of a document", 1, tokenCount));
            start += documents[index].Length;
            if (start > tokenCount)
            {
                throw Fault($"has documents of more than its {tokenCount:N0} tokens");
            }
        }

        if (start != tokenCount)
        {
            throw Fault($"has documents of {start:N0} tokens, but {tokenCount:N0} tokens");
        }

        int[] tokens = Tokens(tokenCount, width, vocabularySize);
        return _position == _content.Length
            ? new TokenCorpus(tokens, documents, lengths, endToken)
            : throw Fault($"has {_content.Length - _position:N0} bytes after its tokens");
    }

    private int[] Tokens(int count, int width, int vocabularySize)
    {
        var tokens = new int[count];
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> bytes = Bytes(width, "a token");
            int token = width == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if ((uint)token >= (uint)vocabularySize)
            {
                _position -= width;
                throw Fault($"has the token {token}. It must be below the vocabulary size, {vocabularySize}");
            }

            tokens[index] = token;
        }

        return tokens;
    }

    private int Number(string what, int least, int most)
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(Bytes(4, what));
        if (value < least || value > most)
        {
            _position -= 4;
            throw Fault($"has {what} {value}. It must be from {least} to {most}");
        }

        return value;
    }

    private ModelFormatException Fault(string message) => new(_path, null, _position, message + ".");
}
