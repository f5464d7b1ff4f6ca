namespace MoeSharp.Tests.Text.Templates;

/// <summary>The clock that the reference renderings were made with: 2025-07-10, noon.</summary>
internal sealed class FixedClock : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(2025, 7, 10, 12, 0, 0, TimeSpan.Zero);
}
