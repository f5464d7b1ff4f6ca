using MoeSharp.Tensors.Autograd;
using MoeSharp.Tensors.Autograd.Ops;
using MoeSharp.Tensors.Quantization;
using Shouldly;
using Xunit;

namespace MoeSharp.Tensors.Tests.Quantization;

public class PackedWeightTests
{
    public static TheoryData<string> Floats => ["F32", "F16", "BF16"];

    [Theory]
    [MemberData(nameof(Floats))]
    public void A_product_with_stored_floats_has_the_bits_of_the_product_with_their_values(string format)
    {
        foreach ((int rows, int outputs, int inputs) in new[] { (1, 5, 7), (3, 70, 33), (9, 257, 300), (64, 40, 2048) })
        {
            Tensor values = Random(new TensorShape(outputs, inputs), seed: 1);
            PackedWeight packed = Pack(values, BlockFormats.Find(format)!);
            using var scope = new TensorScope();
            Tensor x = Random(scope, rows, inputs);
            Tensor bias = Random(new TensorShape(outputs), seed: 3);
            var parameter = new Parameter("w", values.Shape) { CanPack = true };
            parameter.Pack(packed);

            float[] expected = LinearOp.Apply(x, packed.ToTensor(), bias).ToArray();
            LinearOp.Apply(x, parameter, bias).ToArray().ShouldBe(expected);
            LinearOp.Apply(x, parameter).ToArray().ShouldBe(LinearOp.Apply(x, packed.ToTensor()).ToArray());
        }
    }

    [Fact]
    public void A_grouped_product_with_stored_floats_has_the_bits_of_the_product_with_their_values()
    {
        const int experts = 4, outputs = 70, inputs = 40, rows = 11;
        Tensor values = Random(new TensorShape(experts, outputs, inputs), seed: 1);
        var parameter = new Parameter("w", values.Shape) { CanPack = true };
        parameter.Pack(Pack(values, BlockFormats.BF16));
        using var scope = new TensorScope();
        Tensor x = Random(scope, rows, inputs);
        Tensor bias = Random(new TensorShape(experts, outputs), seed: 3);
        Indices offsets = Indices.From([0, 3, 3, 10, 11]);

        float[] expected = GroupedLinearOp.Apply(x, parameter.Packed!.ToTensor(), offsets, bias).ToArray();
        GroupedLinearOp.Apply(x, parameter, offsets, bias).ToArray().ShouldBe(expected);
    }

    [Fact]
    public void A_packed_parameter_is_frozen_and_has_no_float32_value()
    {
        var parameter = new Parameter("layers.0.up", new TensorShape(2, 3)) { CanPack = true };
        parameter.Pack(new PackedWeight(BlockFormats.F16, new TensorShape(2, 3)));
        parameter.IsTrainable = true;
        parameter.IsTrainable.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => parameter.Value).Message.ShouldBe(
            "parameter 'layers.0.up': is stored as F16 and has no float32 value. Load the model in float32 to train or change it.");
        Should.Throw<TensorShapeException>(() => parameter.Pack(new PackedWeight(BlockFormats.F16, new TensorShape(3, 2))));
        Should.Throw<InvalidOperationException>(() => new Parameter("norm", new TensorShape(2, 3)).Pack(parameter.Packed!)).Message.ShouldBe(
            "parameter 'norm': is computed with in float32 and cannot be packed. Read it as float32.");
    }

    [Fact]
    public void A_mapped_weight_reads_the_file_and_notices_that_it_shrinks()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(path, [9, 9, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40]);
            var file = new MappedFile(path);
            var weight = new PackedWeight(BlockFormats.F32, new TensorShape(2, 2), file, offset: 2);
            weight.ToTensor().ToArray().ShouldBe([1, 2, 3, 4]);
            Should.Throw<ArgumentOutOfRangeException>(() => new PackedWeight(BlockFormats.F32, new TensorShape(2, 2), file, offset: 3));
            file.ThrowIfChanged();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static PackedWeight Pack(Tensor values, BlockFormat format)
    {
        var packed = new PackedWeight(format, values.Shape);
        format.Quantize(values.Span, packed.Bytes(0, (int)packed.ByteLength));
        GC.KeepAlive(values);
        return packed;
    }

    private static Tensor Random(TensorScope scope, int rows, int columns)
    {
        Tensor tensor = scope.New(new TensorShape(rows, columns));
        new Rng(2).FillNormal(tensor.Span, 1);
        return tensor;
    }

    private static Tensor Random(TensorShape shape, ulong seed)
    {
        Tensor tensor = Tensor.Uninitialized(shape);
        new Rng(seed).FillNormal(tensor.Span, 1);
        return tensor;
    }
}
