using System.Text;

namespace MoeSharp.Text.SentencePiece;

/// <summary>A prefix tree over the bytes of entries; its edges lie in one table. Immutable after filling.</summary>
internal sealed class PieceTrie
{
    // A node and a byte make a key of 32 bits.
    private const int MostNodes = 1 << 24;

    private readonly int[] _rootChildren = new int[256];
    private readonly List<int> _values = [-1];
    private uint[] _keys = new uint[1024];
    private int[] _children = new int[1024];
    private int _edges;

    /// <summary>Adds an entry.</summary>
    /// <exception cref="InvalidDataException">The entries have more than 16 million different beginnings.</exception>
    public void Add(string text, int id)
    {
        int node = 0;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            int child = Child(node, value);
            if (child == 0)
            {
                child = _values.Count < MostNodes ? _values.Count
                    : throw new InvalidDataException($"has entries with more than {MostNodes} different beginnings. Published vocabularies have a tenth of that.");
                _values.Add(-1);
                Connect(node, value, child);
            }

            node = child;
        }

        if (node != 0)
        {
            _values[node] = id;
        }
    }

    /// <summary>The node after one byte more; 0 when no entry goes on so. The root is 0.</summary>
    public int Child(int node, byte value)
    {
        if (node == 0)
        {
            return _rootChildren[value];
        }

        uint key = ((uint)node << 8) | value;
        for (int index = Slot(key); _keys[index] != 0; index = (index + 1) & (_keys.Length - 1))
        {
            if (_keys[index] == key)
            {
                return _children[index];
            }
        }

        return 0;
    }

    /// <summary>The entry that ends at a node; -1 when none does.</summary>
    public int ValueOf(int node) => _values[node];

    private int Slot(uint key) => (int)((key * 0x9E3779B97F4A7C15UL) >> 40) & (_keys.Length - 1);

    private void Connect(int node, byte value, int child)
    {
        if (node == 0)
        {
            _rootChildren[value] = child;
            return;
        }

        if (2 * ++_edges > _keys.Length)
        {
            (uint[] keys, int[] children) = (_keys, _children);
            (_keys, _children) = (new uint[2 * keys.Length], new int[2 * keys.Length]);
            for (int index = 0; index < keys.Length; index++)
            {
                if (keys[index] != 0)
                {
                    Put(keys[index], children[index]);
                }
            }
        }

        Put(((uint)node << 8) | value, child);
    }

    private void Put(uint key, int child)
    {
        int index = Slot(key);
        while (_keys[index] != 0)
        {
            index = (index + 1) & (_keys.Length - 1);
        }

        (_keys[index], _children[index]) = (key, child);
    }
}
