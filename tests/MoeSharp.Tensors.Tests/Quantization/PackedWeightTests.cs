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
            file.Enter();
            file.Exit();
            Resize(path, 10);

            Should.Throw<IOException>(file.Enter).Message.ShouldContain("the file has shrunk from 18 to 10 bytes");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Who_wants_to_cut_a_file_short_waits_until_its_weights_are_no_longer_touched()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        const int Length = 1 << 20;
        try
        {
            File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)1, Length)]);
            var file = new MappedFile(path);
            var weight = new PackedWeight(BlockFormats.F32, new TensorShape(512, 512), file, offset: 0);
            file.Enter();
            Assert.SkipUnless(file.IsGuarded, "this system does not make writers wait");
            file.Enter(); // another step
            Task cut = Task.Run(() => Resize(path, 100), TestContext.Current.CancellationToken);
            (await Task.WhenAny(cut, Task.Delay(300, TestContext.Current.CancellationToken))).ShouldNotBe(cut);
            file.Exit();
            (await Task.WhenAny(cut, Task.Delay(300, TestContext.Current.CancellationToken))).ShouldNotBe(cut);
            weight.ToTensor().Span[^1].ShouldBe(BitConverter.UInt32BitsToSingle(0x01010101)); // would end the process on a file that is cut

            file.Exit();
            await cut.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            Should.Throw<IOException>(file.Enter).Message.ShouldContain("the file has shrunk from 1,048,576 to 100 bytes");

            // Whole again: it may be used again, and is guarded again.
            Resize(path, Length);
            file.Enter();
            file.IsGuarded.ShouldBeTrue();
            file.Exit();
        }
        finally
        {
            File.Delete(path);
        }
    }

    // As a program would that knows nothing of locks.
    private static void Resize(string path, long length)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.SetLength(length);
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
