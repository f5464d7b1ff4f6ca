using System.Text;
using MoeSharp.Analysis;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.Models.Decoding;
using MoeSharp.Text;
using MoeSharp.Text.Training;

namespace MoeSharp.Tests.Inference;

public class GeneratorTests
{
    private static readonly Tokenizer s_tokenizer = TokenizerTrainer.Train(
        [Encoding.UTF8.GetBytes("the gräßliche 森 router chose the expert, the expert chose the token 🦙 the end")], 280);

    private static readonly MoeSharp.Models.Decoding.Decoder s_decoder = MoeSharp.Models.Decoding.Decoder.Create(
        SampleConfigs.Mixtral with { VocabularySize = s_tokenizer.VocabularySize, PositionCount = 64, InitializerRange = 0.3f }, seed: 3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_pieces_of_text_are_the_whole_text_and_no_character_is_cut()
    {
        // An untrained model speaks random bytes: many of its characters are cut or broken.
        for (ulong seed = 0; seed < 20; seed++)
        {
            var options = new GenerationOptions { MaxTokens = 40, Sampling = new SamplingOptions { Seed = seed }, IgnoresEnd = true };
            List<GeneratedToken> tokens = await Collect(Model().GenerateAsync("the", options, Cancellation));
            tokens.Count.ShouldBe(40);
            tokens[^1].Finish.ShouldBe(FinishReason.MaxTokens);
            tokens.SkipLast(1).ShouldAllBe(token => token.Finish == null);
            int[] ids = [.. tokens.Select(token => token.Id)];
            string.Concat(tokens.Select(token => token.Text)).ShouldBe(s_tokenizer.Decode(ids, skipSpecial: true), $"seed {seed}");
            tokens.ShouldAllBe(token => token.Text.Length == 0 || !char.IsLowSurrogate(token.Text[0]));
        }
    }

    [Fact]
    public void A_character_of_several_tokens_comes_whole()
    {
        int[] ids = s_tokenizer.Encode("森");
        ids.Length.ShouldBeGreaterThan(1);
        var text = new GeneratedText(s_tokenizer, []);
        string[] pieces = [.. ids.Select(text.Add)];
        pieces[..^1].ShouldAllBe(piece => piece.Length == 0);
        pieces[^1].ShouldBe("森");
        text.Finish().ShouldBe("");
    }

    [Fact]
    public void Every_end_token_ends_and_is_not_part_of_the_text()
    {
        int[] free = [.. new Generator(s_decoder, s_tokenizer, []).Generate(
            s_tokenizer.Encode("the"), new GenerationOptions { MaxTokens = 12 }, cancellation: Cancellation).Select(token => token.Id)];
        for (int at = 0; at < free.Length; at++)
        {
            int end = Array.IndexOf(free, free[at]);
            List<GeneratedToken> tokens = [.. new Generator(s_decoder, s_tokenizer, [1, free[at]]).Generate(
                s_tokenizer.Encode("the"), new GenerationOptions { MaxTokens = 12 }, cancellation: Cancellation)];
            tokens.Select(token => token.Id).ShouldBe(free[..(end + 1)]);
            tokens[^1].Finish.ShouldBe(FinishReason.EndToken);
            string.Concat(tokens.Select(token => token.Text)).ShouldBe(s_tokenizer.Decode(free.AsSpan(0, end), skipSpecial: true));
        }
    }

    [Fact]
    public void A_stop_text_ends_before_itself()
    {
        var options = new GenerationOptions { MaxTokens = 30, Sampling = new SamplingOptions { Seed = 1 }, IgnoresEnd = true };
        string free = Model().Generate("the", options, Cancellation);
        string stop = free.Substring(free.Length / 2, 3);
        string text = Model().Generate("the", options with { Stop = [stop] }, Cancellation);
        text.ShouldBe(free[..free.IndexOf(stop, StringComparison.Ordinal)]);
    }

    [Fact]
    public void The_last_position_ends_the_text()
    {
        List<GeneratedToken> tokens = [.. Model().Generate(
            new int[] { 5, 6, 7, 8 }, new GenerationOptions { MaxTokens = 1000, IgnoresEnd = true }, cancellation: Cancellation)];
        tokens.Count.ShouldBe(61, "60 are read after the prompt of 4, and one more is chosen");
        tokens[^1].Finish.ShouldBe(FinishReason.PositionLimit);
    }

    [Fact]
    public void A_prompt_longer_than_the_model_is_refused_with_the_numbers() =>
        Should.Throw<ArgumentException>(() => Model().Generate(new int[65], cancellation: Cancellation)).Message
            .ShouldStartWith("generate: the prompt has 65 tokens, and the model's longest position allows 64. Shorten the prompt.");

    [Fact]
    public void An_empty_prompt_is_refused() =>
        Should.Throw<ArgumentException>(() => Model().Generate("", cancellation: Cancellation)).Message.ShouldContain("has no tokens");

    [Fact]
    public async Task A_cancelled_generation_ends()
    {
        using var source = new CancellationTokenSource();
        int seen = 0;
        await Should.ThrowAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken token in Model().GenerateAsync("the", new GenerationOptions { MaxTokens = 40, IgnoresEnd = true }, source.Token))
            {
                seen++;
                await source.CancelAsync();
            }
        });
        seen.ShouldBe(1);
    }

    [Fact]
    public async Task A_trace_has_every_token_in_every_layer_with_experts()
    {
        RoutingTrace trace = await Model().TraceAsync("the router chose", Cancellation);
        trace.Tokens.ShouldBe(s_tokenizer.Encode("the router chose"));
        string.Concat(trace.TokenTexts).ShouldBe("the router chose");
        trace.Layers.Select(layer => layer.Layer).ShouldBe([0, 1]);
        trace.Layers.ShouldAllBe(layer => layer.TokenCount == trace.Tokens.Count && layer.TopK == 2);
    }

    [Fact]
    public void All_faults_of_the_options_are_told_at_once() =>
        Should.Throw<ConfigException>(() => new GenerationOptions
        {
            MaxTokens = -1,
            PromptChunk = 0,
            CacheType = MoeSharp.Tensors.DType.F16,
            Stop = [""],
            Sampling = new SamplingOptions { TopP = 3 },
        }.Validate()).Faults.Count.ShouldBe(5);

    private static Model Model() => new(s_decoder, s_tokenizer);

    private static async Task<List<GeneratedToken>> Collect(IAsyncEnumerable<GeneratedToken> tokens)
    {
        List<GeneratedToken> list = [];
        await foreach (GeneratedToken token in tokens)
        {
            list.Add(token);
        }

        return list;
    }
}
