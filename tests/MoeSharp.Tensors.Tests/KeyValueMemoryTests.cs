using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Tests.Autograd.Ops;

namespace MoeSharp.Tensors.Tests;

public class KeyValueMemoryTests
{
    [Fact]
    public void It_grows_and_keeps_what_it_held()
    {
        AttentionOptions options = new() { HeadCount = 2, HeadSize = 6 };
        Tensor k = AttentionOpTests.Random(1, 300, 12), v = AttentionOpTests.Random(2, 300, 12), q = AttentionOpTests.Random(3, 1, 12);
        KeyValueCache small = new(1, 2, 6, 6, 0), large = new(1, 2, 6, 6, 512);
        large[0].Append(k, v);
        for (int i = 0; i < 300; i++)
        {
            small[0].Append(Tensor.From(k.Row(i), new(1, 12)), Tensor.From(v.Row(i), new(1, 12)));
        }

        small[0].Capacity.ShouldBe(512);
        small.Length.ShouldBe(300);
        Attend(small, q, options).ShouldBe(Attend(large, q, options));
    }

    [Fact]
    public void Truncating_goes_back_in_time()
    {
        AttentionOptions options = new() { HeadCount = 2, HeadSize = 6 };
        KeyValueCache cache = new(2, 2, 6, 6, 64), copy = new(2, 2, 6, 6, 0);
        for (int layer = 0; layer < 2; layer++)
        {
            cache[layer].Append(AttentionOpTests.Random(1, 70, 12), AttentionOpTests.Random(2, 70, 12));
        }

        Tensor q = AttentionOpTests.Random(3, 1, 12);
        copy.CopyFrom(cache, 40);
        cache[0].Append(AttentionOpTests.Random(4, 5, 12), AttentionOpTests.Random(5, 5, 12));
        cache.Length.ShouldBe(70);
        cache.Truncate(40);
        cache.Length.ShouldBe(40);
        cache[0].Length.ShouldBe(40);
        Attend(cache, q, options).ShouldBe(Attend(copy, q, options));
    }

    [Fact]
    public void BF16_takes_half_the_memory_and_rounds_to_nearest_even()
    {
        KeyValueMemory f32 = new(1, 4, 4, 100), bf16 = new(1, 4, 4, 100, DType.BF16);
        bf16.Bytes.ShouldBe(f32.Bytes / 2);

        // One key: its value comes back as it is kept. 1 + 2⁻⁸ lies half way (to even: down), 1 + 3·2⁻⁸ half way (to even: up).
        KeyValueCache cache = new([bf16]);
        bf16.Truncate(0);
        using var scope = new TensorScope();
        Tensor y = AttentionOp.ApplyCached(
            scope.Zeros(new(1, 4)), scope.Zeros(new(1, 4)), scope.From([1 + (1f / 256), 1 + (3f / 256), 1.001f, -3e38f], new(1, 4)),
            SequenceLayout.Uniform(1, 1), [cache], 0, new AttentionOptions { HeadCount = 1, HeadSize = 4 });
        y.ToArray()[..3].ShouldBe([1f, 1 + (4f / 256), 1f]);
        y.Span[3].ShouldBe(-3e38f, 2e36f);
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void Values_that_are_a_part_of_the_keys_give_the_same_bits_as_a_copy_of_them(DType type)
    {
        foreach ((int heads, int size, int valueSize, int keys) in new[] { (1, 9, 7, 130), (2, 12, 12, 63), (1, 36, 32, 64), (1, 5, 1, 1) })
        {
            AttentionOptions options = new() { HeadCount = 3 * heads, KeyValueHeadCount = heads, HeadSize = size, ValueHeadSize = valueSize };
            Tensor k = AttentionOpTests.Random(1, keys, heads * size), v = Tensor.Zeros(new(keys, heads * valueSize));
            for (int row = 0; row < keys; row++)
            {
                for (int head = 0; head < heads; head++)
                {
                    k.Row(row).Slice(head * size, valueSize).CopyTo(v.Row(row).Slice(head * valueSize, valueSize));
                }
            }

            KeyValueCache apart = new(1, heads, size, valueSize, keys, type), shared = new(1, heads, size, valueSize, keys, type, sharesValues: true);
            apart[0].Append(k, v);
            shared[0].Append(k, v);
            var copy = new KeyValueCache(1, heads, size, valueSize, 0, type, sharesValues: true);
            copy.CopyFrom(shared, keys);
            Tensor q = AttentionOpTests.Random(3, 1, 3 * heads * size), none = Tensor.Zeros(new(1, heads * valueSize));
            Tensor key = Tensor.Zeros(new(1, heads * size));
            float[] expected = AttendOne(apart, q, key, none, options);
            AttendOne(shared, q, key, none, options).ShouldBe(expected);
            AttendOne(copy, q, key, none, options).ShouldBe(expected);
            shared[0].Capacity.ShouldBe(apart[0].Capacity);
            ((double)shared.Bytes / apart.Bytes).ShouldBe((double)size / (size + valueSize), 1e-9);
        }
    }

    [Fact]
    public void Values_larger_than_their_keys_cannot_be_a_part_of_them() =>
        Should.Throw<ArgumentException>(() => new KeyValueMemory(1, 4, 5, 8, sharesValues: true)).Message
            .ShouldStartWith("key-value memory: values of 5 cannot be a part of keys of 4. Keep them apart.");

    [Fact]
    public void Other_types_and_sizes_are_told()
    {
        Should.Throw<ArgumentException>(() => new KeyValueMemory(1, 4, 4, 8, DType.F16))
            .Message.ShouldStartWith("key-value memory: the type F16 is not supported. Use F32, BF16 or Q8_0.");
        var memory = new KeyValueMemory(2, 4, 3, 8);
        Should.Throw<TensorShapeException>(() => memory.Append(Tensor.Zeros(new(1, 8)), Tensor.Zeros(new(1, 8))))
            .Message.ShouldBe("key-value memory: values: the last dimension of [1, 8] is 8. It must be 6.");
        Should.Throw<TensorShapeException>(() => memory.Append(Tensor.Zeros(new(1, 8)), Tensor.Zeros(new(2, 6))))
            .Message.ShouldBe("key-value memory: got 1 keys and 2 values. There must be as many.");
        Should.Throw<ArgumentException>(() => memory.CopyFrom(new KeyValueMemory(2, 4, 4, 8), 0))
            .Message.ShouldStartWith("key-value memory: cannot copy F32 2 × (4 + 4), 0 of 64 positions into F32 2 × (4 + 3), 0 of 64 positions.");
    }

    private static float[] AttendOne(KeyValueCache cache, Tensor q, Tensor key, Tensor value, AttentionOptions options)
    {
        using var scope = new TensorScope();
        Tensor y = AttentionOp.ApplyCached(
            scope.From(q.Span, q.Shape), key, value, new SequenceLayout().Add(1, cache[0].Length), [cache], 0, options);
        return y.ToArray();
    }

    private static float[] Attend(KeyValueCache cache, Tensor q, AttentionOptions options)
    {
        using var scope = new TensorScope();
        Tensor zero = scope.Zeros(q.Shape);
        int past = cache[0].Length;
        float[] y = AttentionOp.ApplyCached(
            scope.From(q.Span, q.Shape), zero, zero, new SequenceLayout().Add(1, past), [cache], 0, options).ToArray();
        cache[0].Truncate(past);
        return y;
    }
}
