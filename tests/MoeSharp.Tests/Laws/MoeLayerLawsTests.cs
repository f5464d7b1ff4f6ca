using MoeSharp.Experts;
using MoeSharp.Experts.Banks;
using MoeSharp.Experts.Routing;
using MoeSharp.Layers;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Autograd;

namespace MoeSharp.Tests.Laws;

/// <summary>What holds for every layer of experts.</summary>
public class MoeLayerLawsTests
{
    private const int Size = 16;

    [Fact]
    public void One_expert_is_its_dense_feed_forward_bit_for_bit()
    {
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(1, 24), Router.Mixtral(1), seed: 3);
        using var scope = new TensorScope();
        Tensor x = Random(scope, 9, Size, seed: 1);
        layer.Forward(x).Hidden.ToArray().ShouldBe(Dense((FeedForwardBank)layer.Experts, 0).Forward(x).ToArray());
    }

    [Theory]
    [InlineData(8, 2, true)]
    [InlineData(8, 4, true)]
    [InlineData(8, 8, true)]
    [InlineData(13, 1, true)] // 13 · (1/13) is not 1 in float32 when the reciprocal is rounded first
    [InlineData(13, 2, true)]
    [InlineData(20, 8, true)]
    [InlineData(60, 4, true)]
    [InlineData(128, 16, true)]
    [InlineData(8, 2, false)]
    [InlineData(8, 3, false)]
    [InlineData(20, 8, false)]
    public void Upcycled_experts_reproduce_the_dense_layer(int experts, int topK, bool zeroRouter)
    {
        // All experts equal and weights that sum to one: bit for bit when the router is zero and K a power of two, else within K·ε.
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(experts, 24), Router.Mixtral(topK), seed: 4);
        var bank = (FeedForwardBank)layer.Experts;
        foreach (Parameter parameter in bank.Parameters)
        {
            float[] first = parameter.Value.Slice(0).ToArray();
            for (int e = 1; e < experts; e++)
            {
                first.CopyTo(parameter.Value.Slice(e).Span);
            }
        }

        Parameter router = layer.Router.Parameters.Single();
        router.Value.Fill(0);
        if (!zeroRouter)
        {
            new Rng(9).FillNormal(router.Value.Span, 1);
        }

        using var scope = new TensorScope();
        Tensor x = Random(scope, 20, Size, seed: 2);
        float[] dense = Dense(bank, 0).Forward(x).ToArray(), mixture = layer.Forward(x).Hidden.ToArray();
        if (zeroRouter)
        {
            mixture.ShouldBe(dense);
        }
        else
        {
            float largest = dense.Max(MathF.Abs);
            dense.Zip(mixture).Max(pair => MathF.Abs(pair.First - pair.Second)).ShouldBeLessThan(topK * 1.2e-7f * largest * 2);
        }
    }

    [Fact]
    public void All_experts_chosen_is_the_plain_weighted_sum()
    {
        var layer = new MoeLayer(Size, ExpertBank.Gelu(4, 12, hasBias: true), Router.Jacobs(), seed: 5);
        var bank = (FeedForwardBank)layer.Experts;
        using var scope = new TensorScope();
        Tensor x = Random(scope, 6, Size, seed: 3);
        MoeOutput y = layer.Forward(x);
        var sum = new double[6 * Size];
        for (int e = 0; e < 4; e++)
        {
            Indices offsets = scope.NewIndices(5);
            for (int i = 0; i < 5; i++)
            {
                offsets[i] = i <= e ? 0 : 6;
            }

            float[] one = bank.Forward(x, offsets).ToArray();
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += one[i] * y.Routing.Weights.Row(i / Size)[e];
            }
        }

        Close(y.Hidden.ToArray(), [.. sum.Select(v => (float)v)], 1e-6f);
    }

    [Fact]
    public void Identity_experts_whose_weights_sum_to_one_return_the_input()
    {
        var layer = new MoeLayer(Size, ExpertBank.Identity(8), Router.Mixtral(2), seed: 6);
        using var scope = new TensorScope();
        Tensor x = Random(scope, 30, Size, seed: 4);
        Close(layer.Forward(x).Hidden.ToArray(), x.ToArray(), 1e-6f);
    }

    [Fact]
    public void Renaming_experts_changes_nothing_but_rounding()
    {
        int[] order = [3, 0, 4, 1, 2];
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(5, 8), Router.Mixtral(2), seed: 7);
        var renamed = new MoeLayer(Size, ExpertBank.SwiGlu(5, 8), Router.Mixtral(2), seed: 8);
        new Rng(2).FillNormal(layer.Router.Parameters.Single().Value.Span, 1);
        foreach ((Parameter from, Parameter to) in layer.Parameters.Zip(renamed.Parameters))
        {
            for (int e = 0; e < 5; e++)
            {
                from.Value.Slice(order[e]).Span.CopyTo(to.Value.Slice(e).Span);
            }
        }

        using var scope = new TensorScope();
        Tensor x = Random(scope, 25, Size, seed: 5);
        MoeOutput a = layer.Forward(x), b = renamed.Forward(x);
        b.Routing.Ids.Span.ToArray().Select(id => order[id]).ShouldBe(a.Routing.Ids.Span.ToArray());
        Close(b.Hidden.ToArray(), a.Hidden.ToArray(), 1e-6f);
    }

    [Fact]
    public void Permuting_tokens_permutes_results_bit_for_bit()
    {
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(6, 8), Router.Olmoe(2), seed: 9);
        using var scope = new TensorScope();
        Tensor x = Random(scope, 33, Size, seed: 6);
        int[] order = [.. Enumerable.Range(0, 33).Select(t => t * 7 % 33)];
        Tensor permuted = scope.New(x.Shape);
        for (int t = 0; t < 33; t++)
        {
            x.Row(order[t]).CopyTo(permuted.Row(t));
        }

        Tensor y = layer.Forward(x).Hidden, z = layer.Forward(permuted).Hidden;
        for (int t = 0; t < 33; t++)
        {
            z.Row(t).ToArray().ShouldBe(y.Row(order[t]).ToArray());
        }
    }

    [Fact]
    public void A_token_alone_gets_the_same_bits_as_in_a_batch_at_any_thread_count()
    {
        var layer = new MoeLayer(Size, ExpertBank.SwiGlu(6, 40), Router.DeepSeekV3(2, groups: 3, keep: 2), seed: 10);
        float[] tokens = new float[64 * Size];
        new Rng(7).FillNormal(tokens, 1);
        float[]? expected = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var workers = new Workers(threads);
            using var scope = new TensorScope(workers: workers);
            float[] all = layer.Forward(scope.From(tokens, new(64, Size))).Hidden.ToArray();
            expected ??= all;
            all.ShouldBe(expected);
            for (int t = 0; t < 64; t += 9)
            {
                Tensor one = scope.From(tokens.AsSpan(t * Size, Size), new(1, Size));
                layer.Forward(one).Hidden.ToArray().ShouldBe(expected.AsSpan(t * Size, Size).ToArray());
            }
        }
    }

    [Fact]
    public void What_base_layers_do_not_take_passes_by()
    {
        var layer = new MoeLayer(Size, ExpertBank.Identity(4), Router.Base(), seed: 11) { PassesRemainder = true };
        using var scope = new TensorScope();
        Tensor x = Random(scope, 12, Size, seed: 8);
        Close(layer.Forward(x).Hidden.ToArray(), x.ToArray(), 1e-6f); // σ·x + (1 − σ)·x
    }

    [Fact]
    public void Mixed_banks_send_every_token_to_its_own_kind_of_expert()
    {
        ExpertBank bank = ExpertBank.Mixed(ExpertBank.SwiGlu(2, 8), ExpertBank.SwiGlu(2, 4), ExpertBank.Identity(1), ExpertBank.Zero(1), ExpertBank.Constant(1));
        var layer = new MoeLayer(Size, bank, Router.Jacobs(), seed: 12);
        layer.Parameters.Last().Value.Fill(2);
        using var scope = new TensorScope();
        Tensor x = Random(scope, 5, Size, seed: 9);
        MoeOutput y = layer.Forward(x);
        var expected = new double[5 * Size];
        int first = 0;
        foreach (ExpertBank part in bank.Parts)
        {
            for (int e = 0; e < part.Count; e++)
            {
                Indices offsets = scope.NewIndices(part.Count + 1);
                for (int i = 0; i <= part.Count; i++)
                {
                    offsets[i] = i <= e ? 0 : 5;
                }

                float[] one = part.Forward(x, offsets).ToArray();
                for (int i = 0; i < expected.Length; i++)
                {
                    expected[i] += one[i] * y.Routing.Weights.Row(i / Size)[first + e];
                }
            }

            first += part.Count;
        }

        Close(y.Hidden.ToArray(), [.. expected.Select(v => (float)v)], 1e-6f);
    }

    private static FeedForward Dense(FeedForwardBank bank, int expert)
    {
        var dense = new FeedForward("dense", Size, bank.IntermediateSize);
        bank.GateProjection!.Value.Slice(expert).Span.CopyTo(dense.GateProjection.Weight.Value.Span);
        bank.UpProjection.Value.Slice(expert).Span.CopyTo(dense.UpProjection.Weight.Value.Span);
        bank.DownProjection.Value.Slice(expert).Span.CopyTo(dense.DownProjection.Weight.Value.Span);
        return dense;
    }

    private static Tensor Random(TensorScope scope, int rows, int columns, ulong seed)
    {
        Tensor x = scope.New(new(rows, columns));
        new Rng(seed).FillNormal(x.Span, 1);
        return x;
    }

    private static void Close(float[] values, float[] expected, float tolerance) =>
        values.Zip(expected).Max(pair => MathF.Abs(pair.First - pair.Second)).ShouldBeLessThan(tolerance);
}
