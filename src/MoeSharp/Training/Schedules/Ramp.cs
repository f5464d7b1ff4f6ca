namespace MoeSharp.Training.Schedules;

/// <summary>The curves of <see cref="RampShape"/>.</summary>
internal static class Ramp
{
    /// <summary>From 1 at progress 0 to 0 at progress 1.</summary>
    public static double Fall(RampShape shape, double progress) => shape switch
    {
        RampShape.Linear => 1 - progress,
        RampShape.Cosine => 0.5 * (1 + Math.Cos(Math.PI * progress)),
        RampShape.OneMinusSqrt => 1 - Math.Sqrt(progress),
        _ => throw new ArgumentOutOfRangeException(nameof(shape), $"ramp: {shape} is not a shape."),
    };

    /// <summary>From 0 at progress 0 to 1 at progress 1: the fall, read backwards.</summary>
    public static double Rise(RampShape shape, double progress) => Fall(shape, 1 - progress);
}
