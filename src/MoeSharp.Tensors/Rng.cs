namespace MoeSharp.Tensors;

/// <summary>Random numbers as a function of (seed, stream, index): any number can be had at once, in any order, on any thread.</summary>
/// <remarks>
/// <para>Counter-based, by the SplitMix64 finaliser over a keyed counter: dropout and jitter give the same numbers at any thread
/// count, and resuming a run needs nothing but the counters. Not for secrets.</para>
/// <para>Sequential use (<see cref="NextUniform"/> …) counts from 0 and is not safe for concurrent use; <see cref="UniformAt"/> is.</para>
/// <para>Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".</para>
/// </remarks>
public sealed class Rng
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong _key;

    /// <summary>Opens the stream <paramref name="stream"/> of a seed; streams are independent.</summary>
    public Rng(ulong seed, ulong stream = 0)
    {
        Seed = seed;
        Stream = stream;
        _key = Mix(Mix(seed + Golden) ^ (stream * 0xD1342543DE82EF95));
    }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>The stream of the seed.</summary>
    public ulong Stream { get; }

    /// <summary>Index of the next sequential number; saving and restoring it resumes the stream.</summary>
    public ulong Position { get; set; }

    /// <summary>64 random bits at <paramref name="index"/>.</summary>
    public ulong BitsAt(ulong index) => Mix(_key + (Golden * (index + 1)));

    /// <summary>Uniform in [0, 1) at <paramref name="index"/>, a multiple of 2⁻²⁴.</summary>
    public float UniformAt(ulong index) => (BitsAt(index) >> 40) * (1f / (1 << 24));

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits() => BitsAt(Position++);

    /// <summary>The next number, uniform in [0, 1).</summary>
    public float NextUniform() => UniformAt(Position++);

    /// <summary>The next number, uniform in [0, 1), with 53 bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>The next whole number in [0, <paramref name="exclusiveLimit"/>), without bias worth naming (2⁻³² relative at most).</summary>
    public int NextInt(int exclusiveLimit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveLimit, 1);
        return (int)Math.BigMul(NextBits(), (ulong)exclusiveLimit, out _);
    }

    /// <summary>The next number of the standard normal distribution (Box–Muller, one of the pair).</summary>
    public float NextNormal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return (float)(radius * Math.Cos(2 * Math.PI * NextDouble()));
    }

    /// <summary>Fills <paramref name="values"/> from a normal distribution with mean 0.</summary>
    public void FillNormal(Span<float> values, float standardDeviation)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = NextNormal() * standardDeviation;
        }
    }

    /// <summary>Fills <paramref name="values"/> uniformly from [low, high).</summary>
    public void FillUniform(Span<float> values, float low, float high)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = low + ((high - low) * NextUniform());
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
