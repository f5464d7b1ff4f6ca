using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MoeSharp.Text.Models;

/// <summary>Remembers the ids of words seen before; most words of a text are few.</summary>
/// <remarks>One thread at a time. Forgets everything when full, so its memory is bounded (about 6 MB).</remarks>
internal sealed class WordCache
{
    /// <summary>Longest word kept, in bytes.</summary>
    public const int LongestWord = 48;

    private const int SlotCount = 1 << 16;
    private const int MostWords = SlotCount / 2;

    private readonly Slot[] _slots = new Slot[SlotCount];
    private readonly List<byte> _bytes = [];
    private readonly List<int> _ids = [];
    private int _count;

    /// <summary>Looks a word up; the ids are valid until the next <see cref="Add"/>.</summary>
    public bool TryGet(ReadOnlySpan<byte> word, out ReadOnlySpan<int> ids)
    {
        uint hash = Hash(word);
        ReadOnlySpan<byte> bytes = CollectionsMarshal.AsSpan(_bytes);
        for (uint index = hash % SlotCount; _slots[index].Hash != 0; index = (index + 1) % SlotCount)
        {
            ref Slot slot = ref _slots[index];
            if (slot.Hash == hash && bytes.Slice(slot.Start, slot.Length).SequenceEqual(word))
            {
                ids = CollectionsMarshal.AsSpan(_ids).Slice(slot.IdStart, slot.IdCount);
                return true;
            }
        }

        ids = default;
        return false;
    }

    /// <summary>Keeps the ids of a word that is not there yet.</summary>
    public void Add(ReadOnlySpan<byte> word, ReadOnlySpan<int> ids)
    {
        if (_count >= MostWords)
        {
            Array.Clear(_slots);
            _bytes.Clear();
            _ids.Clear();
            _count = 0;
        }

        uint hash = Hash(word);
        uint index = hash % SlotCount;
        while (_slots[index].Hash != 0)
        {
            index = (index + 1) % SlotCount;
        }

        _slots[index] = new Slot(hash, _bytes.Count, word.Length, _ids.Count, ids.Length);
        _bytes.AddRange(word);
        _ids.AddRange(ids);
        _count++;
    }

    /// <summary>A multiplicative hash over eight bytes at a time; never 0, which marks a free slot.</summary>
    internal static uint Hash(ReadOnlySpan<byte> word)
    {
        const ulong Factor = 0x9E3779B97F4A7C15;
        ulong state = (ulong)word.Length * Factor;
        while (word.Length >= 8)
        {
            state = (state ^ BinaryPrimitives.ReadUInt64LittleEndian(word)) * Factor;
            state ^= state >> 32;
            word = word[8..];
        }

        ulong tail = 0;
        foreach (byte value in word)
        {
            tail = (tail << 8) | value;
        }

        state = (state ^ tail) * Factor;
        return (uint)(state >> 32) | 1;
    }

    private readonly record struct Slot(uint Hash, int Start, int Length, int IdStart, int IdCount);
}
