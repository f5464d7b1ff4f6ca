using System.Runtime.Intrinsics;
using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tensors.Quantization.Products;
using Shouldly;
using Xunit;

namespace MoeSharp.Tensors.Tests.Quantization.Products;

public unsafe class CodeProductTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void Every_width_gives_the_bits_of_the_definition(int group)
    {
        foreach (int columns in new[] { 32, 64, 96, 256, 1056 })
        {
            PackedWeight weight = new CodeTestFormat(group).Random(new TensorShape(4, columns), seed: 3);
            using var scope = new TensorScope();
            Tensor x = Activations(scope, 2, columns);
            RowCodes codes = RowCodes.In(scope, 2, columns);
            codes.Set(0, x.Row(0));
            codes.Set(1, x.Row(1));
            Tensor memory = Tensor.Uninitialized(new TensorShape(CodeTile.Length(4, columns, group)));
            var tile = new CodeTile(memory.Pointer, 4, columns, group);
            tile.Unpack(weight.Matrix(0), 0, 4);
            for (int row = 0; row < 2; row++)
            {
                Vector128<float> expected = CodeDotKernel.Scalar(codes, row, tile, 0, columns, group, hasOffsets: true);
                CodeDotKernel.Run(codes, row, tile, 0, columns, group, hasOffsets: true).ShouldBe(expected);
                for (int r = 0; r < 4; r++)
                {
                    expected[r].ShouldBe((float)Exact(weight, codes, row, r, group), 2e-5f * columns);
                }
            }

            GC.KeepAlive(memory);
            GC.KeepAlive(weight);
        }
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void A_row_has_the_same_bits_alone_and_among_others_at_any_thread_count(int group)
    {
        const int outputs = 71, columns = 160, rows = 9;
        var parameter = new Parameter("w", new TensorShape(outputs, columns)) { CanPack = true };
        parameter.Pack(new CodeTestFormat(group).Random(parameter.Shape, seed: 3));
        parameter.Packed!.IsExact.ShouldBeFalse();
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var workers = new Workers(threads);
            using var scope = new TensorScope(workers: workers);
            Tensor x = Activations(scope, rows, columns);
            float[] together = LinearOp.Apply(x, parameter).ToArray();
            (expected ??= together).ShouldBe(together);
            for (int row = 0; row < rows; row++)
            {
                Tensor alone = scope.From(x.Row(row), new TensorShape(1, columns));
                LinearOp.Apply(alone, parameter).ToArray().ShouldBe(together[(row * outputs)..((row + 1) * outputs)]);
            }
        }
    }

    [Fact]
    public void Experts_multiply_their_own_rows_and_add_their_bias()
    {
        const int experts = 3, outputs = 10, columns = 64;
        var format = new CodeTestFormat(32);
        var stack = new Parameter("w", new TensorShape(experts, outputs, columns)) { CanPack = true };
        stack.Pack(format.Random(stack.Shape, seed: 5));
        using var scope = new TensorScope();
        Tensor x = Activations(scope, 5, columns), bias = Tensor.Zeros(new TensorShape(experts, outputs));
        new Rng(9).FillNormal(bias.Span, 1);
        Tensor y = GroupedLinearOp.Apply(x, stack, Indices.From([0, 2, 2, 5]), bias);
        for (int row = 0; row < 5; row++)
        {
            int expert = row < 2 ? 0 : 2;
            var own = new Parameter("own", new TensorShape(outputs, columns)) { CanPack = true };
            var weight = new PackedWeight(format, own.Shape);
            int bytes = (int)weight.ByteLength;
            stack.Packed!.Bytes(expert * bytes, bytes).CopyTo(weight.Bytes(0, bytes));
            own.Pack(weight);
            Tensor one = LinearOp.Apply(scope.From(x.Row(row), new TensorShape(1, columns)), own, Tensor.From(bias.Row(expert), new TensorShape(outputs)));
            y.Row(row).ToArray().ShouldBe(one.ToArray());
        }
    }

    [Fact]
    public void Experts_of_different_formats_give_what_each_gives_alone()
    {
        const int outputs = 9, columns = 96;
        var shape = new TensorShape(outputs, columns);
        PackedWeight[] experts = [new CodeTestFormat(16).Random(shape, 1), new CodeTestFormat(32).Random(shape, 2)];
        var stack = new Parameter("w", new TensorShape(2, outputs, columns)) { CanPack = true };
        stack.Pack(PackedWeight.Stack(experts));
        stack.Packed!.Format.ShouldBeNull();
        foreach (bool isExact in new[] { false, true })
        {
            stack.Packed.IsExact = isExact;
            using var scope = new TensorScope();
            Tensor x = Activations(scope, 4, columns);
            Tensor y = GroupedLinearOp.Apply(x, stack, Indices.From([0, 1, 4]));
            for (int row = 0; row < 4; row++)
            {
                var own = new Parameter("own", shape) { CanPack = true };
                own.Pack(experts[row == 0 ? 0 : 1]);
                own.Packed!.IsExact = isExact;
                y.Row(row).ToArray().ShouldBe(LinearOp.Apply(scope.From(x.Row(row), new TensorShape(1, columns)), own).ToArray());
            }
        }
    }

    [Fact]
    public void Activations_become_codes_within_half_a_step_and_nothing_is_hidden()
    {
        using var scope = new TensorScope();
        RowCodes codes = RowCodes.In(scope, 1, 96);
        float[] x = new float[96];
        new Rng(1).FillNormal(x.AsSpan(0, 32), 3);
        x[40] = 1e-42f;
        x[70] = float.NaN;
        codes.Set(0, x);
        for (int i = 0; i < 32; i++)
        {
            Math.Abs((codes.Scales(0)[0] * codes.Codes(0)[i]) - x[i]).ShouldBeLessThanOrEqualTo(codes.Scales(0)[0] * 0.5001f);
        }

        codes.Scales(0)[1].ShouldBe(0);
        float.IsNaN(codes.Scales(0)[2]).ShouldBeTrue();
    }

    private static Tensor Activations(TensorScope scope, int rows, int columns)
    {
        Tensor x = scope.New(new TensorShape(rows, columns));
        new Rng(11).FillNormal(x.Span, 1);
        return x;
    }

    private static double Exact(PackedWeight weight, RowCodes codes, int row, int output, int group)
    {
        float[] values = new float[weight.Shape.Columns];
        weight.Dequantize(output, values);
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += (double)values[i] * codes.Scales(row)[i / 32] * codes.Codes(row)[i];
        }

        return sum;
    }
}
