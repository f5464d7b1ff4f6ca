using System.Diagnostics;

namespace MoeSharp.Text.Templates;

/// <summary>What a rendering may still spend: time, characters, depth.</summary>
internal sealed class RenderBudget(TemplateOptions options)
{
    private const int ClockEvery = 256;
    private const int WorkPerOutput = 16; // characters that may be copied around for each that may be given out

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _work;
    private int _ticks;
    private int _depth;

    /// <summary>Counts a step, and now and then looks at the clock.</summary>
    public void Tick()
    {
        if (++_ticks % ClockEvery == 0 && Stopwatch.GetElapsedTime(_start) > options.TimeLimit)
        {
            throw new TemplateException(
                $"rendering took longer than {options.TimeLimit.TotalSeconds:0.###} s. The template may loop without end; raise TimeLimit if it is right");
        }
    }

    /// <summary>Counts characters or elements that are made.</summary>
    public void Charge(long count)
    {
        Tick();
        _work += count;
        if (_work > (long)options.MaxOutputLength * WorkPerOutput)
        {
            throw TooLong();
        }
    }

    /// <summary>Checks the length of one text or list.</summary>
    public void CheckLength(long length)
    {
        if (length > options.MaxOutputLength)
        {
            throw TooLong();
        }
    }

    /// <summary>Goes one macro, or one level of a recursive loop, deeper.</summary>
    public Level Enter()
    {
        if (++_depth > options.MaxDepth)
        {
            throw new TemplateException(
                $"macros call each other more than {options.MaxDepth} levels deep. The template may call itself without end; raise MaxDepth if it is right");
        }

        return new Level(this);
    }

    private TemplateException TooLong() => new(
        $"the text grows beyond {options.MaxOutputLength:N0} characters. Shorten the conversation, or raise MaxOutputLength if the template is right");

    /// <summary>A level that was entered; leaves it when disposed of.</summary>
    internal readonly struct Level(RenderBudget budget) : IDisposable
    {
        public void Dispose() => budget._depth--;
    }
}
