using System.Buffers.Binary;
using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Safetensors;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Formats.Safetensors;

/// <summary>Seeded mutations of valid headers: whatever comes, a file is either refused with <see cref="ModelFormatException"/> or sound.</summary>
public sealed class SafetensorsFuzzTests : IDisposable
{
    private const int Mutations = 20_000;

    private static readonly string[] s_fragments =
    [
        "\"dtype\":\"F32\"", "\"shape\":[2,3]", "\"data_offsets\":[0,24]", "\"__metadata__\":{\"a\":\"b\"},", "\"a\":", "{", "}", "[", "]", ",", ":",
        "null", "true", "-1", "0", "1.0", "1e3", "18446744073709551615", "9223372036854775807", "4611686018427387904", "\"", "\\", "\\ud800", "\\u0000",
        "\"F4\"", "\"BF16\"", "\"I64\"", " ", "\n", "\0", "\u00e9", "/*x*/", "[[[[[[[[[[",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_mutation_of_a_header_crashes_or_reads_outside_the_file()
    {
        byte[][] seeds =
        [
            File("""{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I16","shape":[4],"data_offsets":[24,32]}}""", 32),
            File("""{"__metadata__":{"format":"pt"},"z":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"y":{"dtype":"F32","shape":[0,3],"data_offsets":[2,2]}}  """, 2),
            File("""{"é\n":{"shape":[1,1,1],"data_offsets":[0,8],"dtype":"I64"},"f":{"dtype":"F4","shape":[4],"data_offsets":[8,10]}}""", 10),
        ];
        (int accepted, int refused) = (0, 0);
        for (int i = 0; i < Mutations; i++)
        {
            var rng = new Rng(20260724, (ulong)i);
            byte[] file = Mutate(rng, seeds[rng.NextInt(seeds.Length)]);
            try
            {
                SafetensorsHeader header = Parse(file);
                CheckSound(header, file.Length, $"mutation {i}");
                accepted++;
            }
            catch (ModelFormatException)
            {
                refused++;
            }

            if (i % 20 == 0)
            {
                ReadFromDisk(file);
            }
        }

        // Both happen often, else the mutations are too mild or too wild to test anything.
        accepted.ShouldBeGreaterThan(Mutations / 100);
        refused.ShouldBeGreaterThan(Mutations / 2);
    }

    private static SafetensorsHeader Parse(byte[] file)
    {
        if (file.Length < 8)
        {
            throw new ModelFormatException("fuzz", null, 0, "short");
        }

        int length = SafetensorsHeader.CheckLength("fuzz", BinaryPrimitives.ReadUInt64LittleEndian(file), file.Length);
        return SafetensorsHeader.Parse("fuzz", file.AsSpan(8, length), file.Length);
    }

    private static void CheckSound(SafetensorsHeader header, long fileLength, string what)
    {
        long end = header.Tensors.Count == 0 ? fileLength : header.Tensors[0].Offset;
        foreach (StoredTensor tensor in header.Tensors)
        {
            (tensor.Offset == end && tensor.Offset >= 8 && tensor.ByteLength >= 0).ShouldBeTrue(what);
            Int128 bits = tensor.Type.Bits();
            foreach (long size in tensor.Shape)
            {
                bits *= size;
            }

            (bits == (Int128)tensor.ByteLength * 8).ShouldBeTrue(what);
            end += tensor.ByteLength;
        }

        end.ShouldBe(fileLength, what);
    }

    private void ReadFromDisk(byte[] bytes)
    {
        string path = _folder["fuzz.safetensors"];
        System.IO.File.WriteAllBytes(path, bytes);
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            foreach (StoredTensor tensor in file.Tensors)
            {
                file.ReadBytes(tensor, 0, new byte[tensor.ByteLength]);
                file.Metadata.Count.ShouldBeGreaterThanOrEqualTo(0);
            }
        }
        catch (ModelFormatException)
        {
        }
    }

    private static byte[] Mutate(Rng rng, byte[] seed)
    {
        var bytes = new List<byte>(seed);
        for (int edits = 1 + rng.NextInt(3); edits > 0; edits--)
        {
            int at = bytes.Count == 0 ? 0 : rng.NextInt(bytes.Count);
            switch (rng.NextInt(7))
            {
                case 0 when bytes.Count > 0:
                    bytes[at] = (byte)rng.NextInt(256);
                    break;
                case 1 when bytes.Count > 0:
                    bytes[at] ^= (byte)(1 << rng.NextInt(8));
                    break;
                case 2 when bytes.Count > 0:
                    bytes.RemoveRange(at, Math.Min(rng.NextInt(12), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_fragments[rng.NextInt(s_fragments.Length)]));
                    break;
                case 4 when bytes.Count > 0:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(rng.NextInt(60), bytes.Count - at)));
                    break;
                case 5:
                    // A digit for a digit: the header stays JSON, the numbers lie.
                    int digit = bytes.FindIndex(at, static value => value is >= (byte)'0' and <= (byte)'9');
                    if (digit >= 0)
                    {
                        bytes[digit] = (byte)('0' + rng.NextInt(10));
                    }

                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        // Mostly repair the length, so that the JSON is reached and not only the length check.
        if (bytes.Count >= 8 && rng.NextInt(8) > 0)
        {
            int end = bytes.LastIndexOf((byte)'}');
            byte[] length = BitConverter.GetBytes(Math.Max(0L, end - 7));
            for (int i = 0; i < 8; i++)
            {
                bytes[i] = length[i];
            }
        }

        return [.. bytes];
    }

    private static byte[] File(string json, int dataLength)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        return [.. BitConverter.GetBytes((long)text.Length), .. text, .. new byte[dataLength]];
    }
}
