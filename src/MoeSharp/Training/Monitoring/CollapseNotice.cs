namespace MoeSharp.Training.Monitoring;

/// <summary>A layer collapsed, or is well again.</summary>
/// <param name="Step">When it was seen.</param>
/// <param name="Window">The balance of the layer over the window.</param>
/// <param name="IsCollapsed">True when it collapsed, false when it is well again.</param>
/// <param name="Message">One line for a terminal, with the figures and the cures.</param>
public sealed record CollapseNotice(long Step, LayerBalance Window, bool IsCollapsed, string Message);
