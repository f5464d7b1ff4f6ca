namespace MoeSharp.Analysis.Verification;

/// <summary>What <see cref="ModelVerifier"/> found.</summary>
public sealed class VerifyReport
{
    private readonly List<VerifiedFile> _files = [];
    private readonly List<VerifyFinding> _findings = [];

    /// <summary>The files that were opened, sound or not.</summary>
    public IReadOnlyList<VerifiedFile> Files => _files;

    /// <summary>Faults and remarks, in the order in which they were met.</summary>
    public IReadOnlyList<VerifyFinding> Findings => _findings;

    /// <summary>True when there is no fault.</summary>
    public bool IsSound => !_findings.Exists(static finding => finding.IsFault);

    /// <summary>What the model is: its architecture or family; null when that is not known.</summary>
    public string? Model { get; internal set; }

    /// <summary>Tensors of all files.</summary>
    public int TensorCount => _files.Sum(static file => file.TensorCount);

    /// <summary>Elements of all tensors.</summary>
    public long ElementCount { get; internal set; }

    /// <summary>Bytes of weights that were scanned for values that are no numbers; 0 when only headers were read.</summary>
    public long ScannedBytes { get; internal set; }

    internal void Add(VerifiedFile file)
    {
        if (!_files.Exists(known => known.Name == file.Name))
        {
            _files.Add(file);
        }
    }

    /// <summary>As adding, in place of what was known of the file before it was read.</summary>
    internal void Replace(VerifiedFile file)
    {
        _files.RemoveAll(known => known.Name == file.Name);
        _files.Add(file);
    }

    internal void Add(VerifyFinding finding)
    {
        if (!_findings.Contains(finding))
        {
            _findings.Add(finding);
        }
    }
}
