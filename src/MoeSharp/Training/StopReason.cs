namespace MoeSharp.Training;

/// <summary>Why a run ended.</summary>
public enum StopReason
{
    /// <summary>All steps were done.</summary>
    Finished,

    /// <summary>The caller asked for it (Ctrl-C); the state was saved.</summary>
    Cancelled,

    /// <summary>The batches came to an end before the steps.</summary>
    DataEnded,
}
