using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Quantization.Panels;
using Shouldly;
using Xunit;

namespace MoeSharp.Tensors.Tests.Quantization.Panels;

public unsafe class PanelProductTests
{
    [Theory]
    [InlineData("Q4_K", 256)]
    [InlineData("Q6_K", 512)]
    [InlineData("Q8_0", 160)]
    [InlineData("MXFP4", 96)]
    public void A_row_has_the_same_bits_alone_and_among_others_at_any_thread_count(string name, int columns)
    {
        const int outputs = 71;
        foreach (bool repacks in new[] { false, true })
        {
            float[]? expected = null;
            Parameter parameter = Packed(PanelBlocks.Random(BlockFormats.Find(name)!, new TensorShape(outputs, columns), seed: 3));
            if (repacks)
            {
                using var workers = new Workers(2);
                parameter.Packed!.Repack(workers);
            }

            foreach (int rows in new[] { 1, 2, 3, 7, 8, 9, 64, 130 })
            {
                foreach (int threads in new[] { 1, 2, 3 })
                {
                    using var workers = new Workers(threads);
                    using var scope = new TensorScope(workers: workers);
                    float[] together = LinearOp.Apply(Activations(scope, 130, columns, rows), parameter).ToArray();
                    expected ??= LinearOp.Apply(Activations(scope, 130, columns, 130), parameter).ToArray();
                    together.ShouldBe(expected[..together.Length]);
                }
            }
        }
    }

    [Theory]
    [InlineData("Q4_K")]
    [InlineData("Q3_K")]
    [InlineData("Q5_1")]
    [InlineData("IQ4_XS")]
    public void Repacking_changes_no_value_and_no_result(string name)
    {
        var shape = new TensorShape(3, 32, 512);
        PackedWeight weight = PanelBlocks.Random(BlockFormats.Find(name)!, shape, seed: 5);
        Parameter parameter = Packed(weight);
        using var scope = new TensorScope();
        Tensor x = Activations(scope, 20, 512, 20);
        var offsets = Indices.From([0, 5, 5, 20]);
        float[] before = GroupedLinearOp.Apply(x, parameter, offsets).ToArray();
        float[] values = weight.ToTensor().ToArray();
        weight.IsRepacked.ShouldBeFalse();
        bool done = weight.Repack(scope.Workers);
        done.ShouldBe(PanelWidth.Chosen > 0);
        weight.IsRepacked.ShouldBe(done);
        weight.ToTensor().ToArray().ShouldBe(values);
        GroupedLinearOp.Apply(x, parameter, offsets).ToArray().ShouldBe(before);
        if (done)
        {
            weight.Repack(scope.Workers).ShouldBeFalse();
            Should.Throw<InvalidOperationException>(() => weight.Bytes(0, 1)).Message.ShouldContain("interleaved");
        }
    }

    [Fact]
    public void A_matrix_that_would_grow_is_left_as_it_is()
    {
        PackedWeight weight = PanelBlocks.Random(BlockFormats.Find("Q4_0")!, new TensorShape(5, 64), seed: 1);
        using var workers = new Workers(1);
        weight.Repack(workers).ShouldBeFalse();
    }

    [Fact]
    public void Experts_multiply_their_own_rows_and_add_their_bias()
    {
        const int experts = 3, outputs = 10, columns = 64;
        BlockFormat format = BlockFormats.Find("Q4_1")!;
        PackedWeight weight = PanelBlocks.Random(format, new TensorShape(experts, outputs, columns), seed: 5);
        using var scope = new TensorScope();
        Tensor x = Activations(scope, 5, columns, 5), bias = Tensor.Zeros(new TensorShape(experts, outputs));
        new Rng(9).FillNormal(bias.Span, 1);
        Tensor y = GroupedLinearOp.Apply(x, Packed(weight), Indices.From([0, 2, 2, 5]), bias);
        for (int row = 0; row < 5; row++)
        {
            int expert = row < 2 ? 0 : 2;
            var own = new PackedWeight(format, new TensorShape(outputs, columns));
            int bytes = (int)own.ByteLength;
            weight.Bytes(expert * bytes, bytes).CopyTo(own.Bytes(0, bytes));
            Tensor one = LinearOp.Apply(
                scope.From(x.Row(row), new TensorShape(1, columns)), Packed(own), Tensor.From(bias.Row(expert), new TensorShape(outputs)));
            y.Row(row).ToArray().ShouldBe(one.ToArray());
        }
    }

    [Fact]
    public void Experts_of_different_formats_give_what_each_gives_alone()
    {
        const int columns = 256;
        var shape = new TensorShape(32, columns);
        PackedWeight[] experts = [PanelBlocks.Random(BlockFormats.Find("Q4_0")!, shape, 1), PanelBlocks.Random(BlockFormats.Find("Q5_K")!, shape, 2)];
        PackedWeight weight = PackedWeight.Stack(experts);
        weight.Format.ShouldBeNull();
        foreach (string way in new[] { "exact", "stored", "repacked" })
        {
            weight.IsExact = way == "exact";
            using var scope = new TensorScope();
            if (way == "repacked")
            {
                weight.Repack(scope.Workers);
            }

            Tensor x = Activations(scope, 4, columns, 4);
            Tensor y = GroupedLinearOp.Apply(x, Packed(weight), Indices.From([0, 1, 4]));
            for (int row = 0; row < 4; row++)
            {
                PackedWeight own = experts[row == 0 ? 0 : 1];
                own.IsExact = weight.IsExact;
                y.Row(row).ToArray().ShouldBe(LinearOp.Apply(scope.From(x.Row(row), new TensorShape(1, columns)), Packed(own)).ToArray());
            }
        }
    }

    [Theory]
    [InlineData(32)]
    [InlineData(256)]
    public void Activations_become_codes_within_half_a_step_and_nothing_is_hidden(int block)
    {
        using var scope = new TensorScope();
        RowCodes codes = RowCodes.In(scope, 1, 3 * block, block);
        Tensor x = scope.Zeros(new TensorShape(1, 3 * block));
        new Rng(1).FillNormal(x.Span[..block], 3);
        x.Span[block + 8] = 1e-42f;
        x.Span[(2 * block) + 6] = float.NaN;
        codes.Set(0, x.Pointer);
        int sum = 0;
        for (int i = 0; i < block; i++)
        {
            Math.Abs((codes.Scales(0)[0] * codes.Codes(0)[i]) - x.Span[i]).ShouldBeLessThanOrEqualTo(codes.Scales(0)[0] * 0.5001f);
            sum += codes.Codes(0)[i];
            if (i % 16 == 15)
            {
                ((short*)(codes.Row(0) + codes.Sums16At))[i / 16].ShouldBe((short)sum);
                var halves = (short*)(codes.Row(0) + codes.HalvesAt);
                (halves[i / 16 * 2] + halves[(i / 16 * 2) + 1]).ShouldBe(sum);
                sum = 0;
            }
        }

        codes.Scales(0)[1].ShouldBe(0);
        float.IsNaN(codes.Scales(0)[2]).ShouldBeTrue();
    }

    private static Parameter Packed(PackedWeight weight)
    {
        var parameter = new Parameter("w", weight.Shape) { CanPack = true };
        parameter.Pack(weight);
        return parameter;
    }

    private static Tensor Activations(TensorScope scope, int rows, int columns, int taken)
    {
        Tensor x = scope.New(new TensorShape(rows, columns));
        new Rng(11).FillNormal(x.Span, 1);
        return scope.From(x.Span[..(taken * columns)], new TensorShape(taken, columns));
    }
}
