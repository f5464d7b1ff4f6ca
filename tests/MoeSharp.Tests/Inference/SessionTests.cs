using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tests.Models.Decoding;

namespace MoeSharp.Tests.Inference;

public class SessionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("dense", DType.F32)]
    [InlineData("mixtral", DType.F32)]
    [InlineData("mixtral", DType.BF16)]
    [InlineData("olmoe", DType.F32)]
    [InlineData("qwen2", DType.F32)]
    [InlineData("dots", DType.F32)]
    [InlineData("latent", DType.F32)]
    [InlineData("latent_lite", DType.BF16)]
    [InlineData("granite", DType.F32)]
    public void A_step_of_decode_allocates_nothing(string name, DType type)
    {
        Decoder decoder = SampleConfigs.Build(name);
        using var workers = new Workers(1);
        using var session = new Session(decoder, workers, type, capacity: 256);
        var sampler = new Sampler(new SamplingOptions { TopK = 5, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f }, decoder.Config.VocabularySize);
        session.Read(SampleConfigs.Ids(10), cancellation: Cancellation);
        int[] next = [0];
        CancellationToken cancellation = Cancellation; // asking for it allocates
        void Step()
        {
            next[0] = sampler.Next(session.Logits);
            session.Read(next, cancellation: cancellation);
        }

        LeastAllocation.Of(Step, steps: 60, rounds: 1);
        LeastAllocation.Of(Step, steps: 40).ShouldBe(0);
    }

    [Fact]
    public void A_text_longer_than_the_model_is_refused_with_the_numbers()
    {
        Decoder decoder = SampleConfigs.Build("dense");
        using var session = new Session(decoder);
        session.Read(SampleConfigs.Ids(250), cancellation: Cancellation);
        session.Remaining.ShouldBe(6);
        Should.Throw<ArgumentException>(() => session.Read(SampleConfigs.Ids(7), cancellation: Cancellation)).Message
            .ShouldStartWith("session: the text has 257 tokens, and the model's longest position allows 256. Shorten the text.");
        session.Read(SampleConfigs.Ids(6), cancellation: Cancellation);
        session.Remaining.ShouldBe(0);
    }

    [Fact]
    public void A_failed_step_leaves_the_text_as_it_was()
    {
        Decoder decoder = SampleConfigs.Build("mixtral");
        int[] ids = SampleConfigs.Ids(12);
        using var session = new Session(decoder);
        session.Read(ids.AsSpan(0, 6), cancellation: Cancellation);
        Should.Throw<ArgumentException>(() => session.Read([1, 2, 97], cancellation: Cancellation)).Message
            .ShouldStartWith("decoder: token id 97 is not in the vocabulary. Ids are 0 to 96.");
        session.Length.ShouldBe(6);
        session.Read(ids.AsSpan(6), cancellation: Cancellation);

        using var other = new Session(decoder);
        other.Read(ids, cancellation: Cancellation);
        session.Logits.ToArray().ShouldBe(other.Logits.ToArray());
    }

    [Fact]
    public void Truncated_and_read_again_is_as_never_read()
    {
        Decoder decoder = SampleConfigs.Build("qwen3");
        int[] ids = SampleConfigs.Ids(30);
        using var session = new Session(decoder);
        session.Read(SampleConfigs.Ids(40, seed: 9), cancellation: Cancellation);
        session.Truncate(0);
        session.Read(ids, cancellation: Cancellation);
        using var fresh = new Session(decoder);
        fresh.Read(ids, cancellation: Cancellation);
        session.Logits.ToArray().ShouldBe(fresh.Logits.ToArray());
    }

    [Fact]
    public void A_router_that_looks_at_the_batch_is_refused()
    {
        var decoder = Decoder.Create(SampleConfigs.Mixtral, 1, new DecoderParts
        {
            CreateRouter = _ => new Router(Score.Softmax, Select.TopK(2), Weigh.Raw) { Capacity = new Capacity(CapacityRule.Switch(1.25)) },
        });
        Should.Throw<ArgumentException>(() => new Session(decoder)).Message.ShouldContain("looks at the whole batch");
    }
}
