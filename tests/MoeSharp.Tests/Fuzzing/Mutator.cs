using System.Buffers.Binary;
using System.Text;
using MoeSharp.Tensors;

namespace MoeSharp.Tests.Fuzzing;

/// <summary>Seeded damage to bytes: single bits, numbers at their limits, pieces cut, doubled and moved, text that means something.</summary>
internal static class Mutator
{
    private static readonly string[] s_fragments =
    [
        "{", "}", "[", "]", ",", ":", "null", "true", "-1", "0", "1.0", "1e3", "1e999", "18446744073709551615", "9223372036854775807", "2147483647",
        "4611686018427387904", "\"", "\\", "\\ud800", "\\u0000", " ", "\n", "\0", "é", "/*x*/", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":",
        "\"dtype\":\"F32\"", "\"shape\":[2,3]", "\"data_offsets\":[0,24]", "\"__metadata__\":{\"a\":\"b\"},", "\"F4\"", "\"BF16\"", "\"I64\"",
        "\"type\":\"BPE\"", "\"vocab\":{}", "\"pattern\":{\"Regex\":\"(a+)+b\"}", "../x", "(?i:x)", "{0,99999999}", "<0x41>",
    ];

    private static readonly ulong[] s_limits =
    [
        0, 1, 2, 3, 4, 7, 8, 9, 10, 12, 13, 32, 255, 256, 65_535, 65_536, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, (1UL << 32) + 1, 1UL << 40,
        1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue - 3, ulong.MaxValue,
    ];

    /// <summary>A damaged copy.</summary>
    /// <param name="rng">The seed's numbers.</param>
    /// <param name="seed">Sound bytes.</param>
    /// <param name="isText">True for JSON, false for binary formats.</param>
    public static byte[] Mutate(Rng rng, byte[] seed, bool isText)
    {
        var bytes = new List<byte>(seed);
        for (int edits = 1 + rng.NextInt(3); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = rng.NextInt(bytes.Count);
            switch (rng.NextInt(9))
            {
                case 0:
                    bytes[at] = (byte)rng.NextInt(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << rng.NextInt(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(1 + rng.NextInt(12), bytes.Count - at));
                    break;
                case 3 when isText:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_fragments[rng.NextInt(s_fragments.Length)]));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(1 + rng.NextInt(100), bytes.Count - at)));
                    break;
                case 5 when isText:
                    // A digit for a digit: still JSON, and the numbers lie.
                    int digit = bytes.FindIndex(at, static value => value is >= (byte)'0' and <= (byte)'9');
                    if (digit >= 0)
                    {
                        bytes[digit] = (byte)('0' + rng.NextInt(10));
                        if (rng.NextInt(4) == 0)
                        {
                            bytes.InsertRange(digit, "99999999999"u8[..rng.NextInt(12)].ToArray());
                        }
                    }

                    break;
                case 6:
                    int from = rng.NextInt(bytes.Count);
                    List<byte> piece = bytes.GetRange(from, Math.Min(1 + rng.NextInt(40), bytes.Count - from));
                    bytes.InsertRange(at, piece);
                    break;
                case 7 when rng.NextInt(8) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    WriteLimit(rng, bytes, at, isText);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A number at its limit, in the place of what stands there.</summary>
    private static void WriteLimit(Rng rng, List<byte> bytes, int at, bool isText)
    {
        ulong number = s_limits[rng.NextInt(s_limits.Length)];
        if (isText)
        {
            int start = bytes.FindIndex(at, static value => value is >= (byte)'0' and <= (byte)'9');
            if (start < 0)
            {
                return;
            }

            int end = bytes.FindIndex(start, static value => value is not (>= (byte)'0' and <= (byte)'9'));
            bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
            bytes.InsertRange(start, Encoding.ASCII.GetBytes(number.ToString()));
            return;
        }

        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(value, number);
        int size = rng.NextInt(3) switch
        {
            0 => 1,
            1 => 4,
            _ => 8,
        };
        for (int i = 0; i < size && at + i < bytes.Count; i++)
        {
            bytes[at + i] = value[i];
        }
    }
}
