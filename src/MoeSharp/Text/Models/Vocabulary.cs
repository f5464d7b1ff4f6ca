namespace MoeSharp.Text.Models;

/// <summary>Entries and ids of a model, both ways. Ids may have gaps; memory grows with the entries, never with an id.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly string?[] _dense;
    private readonly Dictionary<int, string> _sparse = [];

    /// <summary>A vocabulary of these entries; ids are taken to be distinct.</summary>
    public Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _dense = new string?[2 * ids.Count];
        foreach ((string token, int id) in ids)
        {
            LargestId = Math.Max(LargestId, id);
            if (id < _dense.Length)
            {
                _dense[id] = token;
            }
            else
            {
                _sparse[id] = token;
            }
        }
    }

    /// <summary>Number of entries.</summary>
    public int Count => _ids.Count;

    /// <summary>The highest id; -1 when there is no entry.</summary>
    public int LargestId { get; } = -1;

    /// <summary>Entries with their ids, by id.</summary>
    public IEnumerable<KeyValuePair<string, int>> InOrder() => _ids.OrderBy(entry => entry.Value);

    /// <summary>The id of an entry.</summary>
    public bool TryGetId(string token, out int id) => _ids.TryGetValue(token, out id);

    /// <summary>The entry of an id, or <see langword="null"/>.</summary>
    public string? TokenOf(int id) =>
        (uint)id < (uint)_dense.Length ? _dense[id] : _sparse.GetValueOrDefault(id);
}
