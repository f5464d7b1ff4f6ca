using MoeSharp.Analysis;
using MoeSharp.Experts.Routing;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;
using MoeSharp.Models.Decoding;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;
using MoeSharp.Tests.Models.Decoding;
using MoeSharp.Text;
using MoeSharp.Text.Templates;
using StringBuilder = System.Text.StringBuilder;

namespace MoeSharp.Tests.Inference;

/// <summary>Guessing tokens changes how many are read at once, and nothing else.</summary>
public class LookupTests
{
    private const string Repetitive = "the Dolphin of London, and the Heron of Bristol, and the Dolphin of London, and the Heron of Bristol, and";

    private static readonly int[] s_period = [5, 6, 7, 8, 9, 5, 6, 7, 8, 9, 5, 6, 7, 8, 9, 5, 6];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Samples() => [.. SampleConfigs.All.Keys];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Tokens_and_logits_are_those_of_plain_decoding_in_every_family(string name)
    {
        Decoder decoder = SampleConfigs.Build(name);
        int accepted = 0;
        foreach (SamplingOptions sampling in Samplings())
        {
            foreach (int[] prompt in (int[][])[s_period, SampleConfigs.Ids(9)])
            {
                accepted += SameText(decoder, prompt, new GenerationOptions { MaxTokens = 50, Sampling = sampling, IgnoresEnd = true }, lookup: 6);
            }
        }

        accepted.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(31)]
    [InlineData(128)]
    public void Any_number_of_guesses_any_limit_and_both_cache_types_give_the_same_text(int lookup)
    {
        Decoder decoder = SampleConfigs.Build("qwen3");
        for (int maxTokens = 1; maxTokens <= 20; maxTokens++)
        {
            SameText(decoder, s_period, new GenerationOptions { MaxTokens = maxTokens }, lookup);
        }

        SameText(decoder, s_period, new GenerationOptions { MaxTokens = 1000, IgnoresEnd = true }, lookup); // to the last position
        SameText(decoder, s_period, new GenerationOptions { MaxTokens = 60, CacheType = DType.BF16, IgnoresEnd = true }, lookup);
        SameText(decoder, s_period, new GenerationOptions { MaxTokens = 60, Experts = new ExpertReduction { TopK = 1 }, IgnoresEnd = true }, lookup);
    }

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("Q8_0")]
    [InlineData("MXFP4")]
    public void Weights_in_blocks_give_the_same_text_too(string format)
    {
        DecoderConfig config = SampleConfigs.Mixtral with { HiddenSize = 64, HeadSize = 16, Experts = SampleConfigs.Mixtral.Experts! with { IntermediateSize = 64 } };
        Decoder decoder = SyntheticModel.Create(config, BlockFormats.Find(format)!);
        int accepted = 0;
        foreach (SamplingOptions sampling in Samplings())
        {
            accepted += SameText(decoder, s_period, new GenerationOptions { MaxTokens = 60, Sampling = sampling, IgnoresEnd = true }, lookup: 8);
        }

        accepted.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_text_that_grows_long_under_two_rotations_stays_the_same()
    {
        // 64 positions are short; a guess must not carry the text over early, and texts beyond are long from their start.
        Decoder decoder = SampleConfigs.Build("phimoe_long");
        decoder.LongRotationAfter.ShouldBe(64);
        for (int length = 50; length <= 66; length++)
        {
            int[] prompt = [.. Enumerable.Range(0, length).Select(i => 5 + (i % 4))];
            SameText(decoder, prompt, new GenerationOptions { MaxTokens = 40, IgnoresEnd = true }, lookup: 8).ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public void Stop_texts_and_end_tokens_end_where_they_did()
    {
        int[] prompt = Model.Tiny.Encode(Repetitive);
        for (ulong seed = 0; seed < 6; seed++)
        {
            var options = new GenerationOptions
            {
                MaxTokens = 60,
                Sampling = new SamplingOptions { Temperature = seed == 0 ? 0 : 0.7f, MinP = 0.05f, Seed = seed, RepetitionPenalty = seed % 2 == 0 ? 1 : 1.05f },
            };
            string free = string.Concat(Model.Tiny.Generate(prompt, options, null, Cancellation).Select(token => token.Text));
            SameText(Model.Tiny.Decoder, prompt, options, 8);
            string[] stops = [free.Substring(free.Length / 2, 5), free[^9..], " of", "never"];
            foreach (string stop in stops)
            {
                GenerationOptions stopping = options with { Stop = [stop] };
                GeneratedToken[] plain = [.. Model.Tiny.Generate(prompt, stopping, null, Cancellation)];
                GeneratedToken[] guessed = [.. Model.Tiny.Generate(prompt, stopping with { LookupTokens = 8 }, null, Cancellation)];
                guessed.Select(token => (token.Id, token.Text, token.Finish)).ShouldBe(plain.Select(token => (token.Id, token.Text, token.Finish)));
            }

            int end = Model.Tiny.Generate(prompt, options, null, Cancellation).ElementAt(25).Id;
            var generator = new Generator(Model.Tiny.Decoder, Model.Tiny.Tokenizer, [end]);
            generator.Generate(prompt, options with { LookupTokens = 8 }, cancellation: Cancellation).Select(token => (token.Id, token.Text, token.Finish))
                .ShouldBe(generator.Generate(prompt, options, cancellation: Cancellation).Select(token => (token.Id, token.Text, token.Finish)));
        }
    }

    [Fact]
    public void Text_that_repeats_is_read_several_tokens_at_a_time()
    {
        int[] prompt = Model.Tiny.Encode(Repetitive);
        GeneratedToken last = Model.Tiny.Generate(prompt, new GenerationOptions { MaxTokens = 60, LookupTokens = 8 }, null, Cancellation).Last();
        LookupStatistics lookup = last.Lookup.ShouldNotBeNull();
        lookup.Accepted.ShouldBeGreaterThan(20);
        lookup.Accepted.ShouldBeLessThanOrEqualTo(lookup.Proposed);
        (lookup.Passes + lookup.Accepted).ShouldBe(59, "each token but the last is read once");
        lookup.TokensPerPass.ShouldBeGreaterThan(1.5);
        Model.Tiny.Generate(prompt, new GenerationOptions { MaxTokens = 5 }, null, Cancellation).Last().Lookup.ShouldBeNull();
    }

    [Fact]
    public void A_recorder_keeps_the_routing_of_the_text_alone()
    {
        int[] prompt = Model.Tiny.Encode(Repetitive);
        RoutingRecorder plain = new(), guessed = new();
        var options = new GenerationOptions { MaxTokens = 60, Sampling = new SamplingOptions { Temperature = 0.5f, Seed = 2 } };
        _ = Model.Tiny.Generate(prompt, options, plain, Cancellation).Count();
        GeneratedToken last = Model.Tiny.Generate(prompt, options with { LookupTokens = 8 }, guessed, Cancellation).Last();
        last.Lookup!.Value.Proposed.ShouldBeGreaterThan(last.Lookup.Value.Accepted, "or nothing was taken back");
        for (int layer = 0; layer < plain.Layers.Count; layer++)
        {
            guessed.Layers[layer].Ids.ShouldBe(plain.Layers[layer].Ids);
            guessed.Layers[layer].Weights.ShouldBe(plain.Layers[layer].Weights);
        }
    }

    [Fact]
    public void A_conversation_goes_on_as_without_guesses()
    {
        ChatTemplate template = ChatTemplate.Parse("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
        string[] answers = [.. ((int[])[0, 6]).Select(lookup =>
        {
            using Conversation conversation = Model.Tiny.StartConversation(template);
            var options = new GenerationOptions { MaxTokens = 30, LookupTokens = lookup };
            var text = new StringBuilder();
            foreach (string said in (string[])[Repetitive, "and the Dolphin of London, and", "and then?"])
            {
                foreach (GeneratedToken token in conversation.Reply(said, options, Cancellation))
                {
                    text.Append(token.Text);
                }

                text.Append($"|{conversation.ReusedTokens}|");
            }

            foreach (GeneratedToken token in conversation.Reply(Repetitive, options, Cancellation))
            {
                break; // a caller that stops listening in the middle of guesses
            }

            text.Append(string.Concat(conversation.Reply("and then?", options with { Experts = new ExpertReduction { TopK = 1 } }, Cancellation).Select(token => token.Text)));
            return text.ToString();
        })];
        answers[1].ShouldBe(answers[0]);
    }

    [Fact]
    public void Rows_read_together_have_the_logits_of_rows_read_alone()
    {
        Decoder decoder = SampleConfigs.Build("gpt_oss");
        int[] ids = SampleConfigs.Ids(20);
        using Session one = new(decoder), each = new(decoder);
        one.Read(ids.AsSpan(0, 11), cancellation: Cancellation);
        each.Read(ids.AsSpan(0, 11), cancellation: Cancellation);
        Should.Throw<ArgumentOutOfRangeException>(() => each.LogitsAfter(0).ToArray());
        each.ReadEach(ids.AsSpan(11));
        for (int i = 11; i < 20; i++)
        {
            one.Read([ids[i]], cancellation: Cancellation);
            each.LogitsAfter(i - 11).ToArray().ShouldBe(one.Logits.ToArray());
        }

        each.Logits.ToArray().ShouldBe(one.Logits.ToArray());
        Should.Throw<ArgumentOutOfRangeException>(() => each.LogitsAfter(9).ToArray());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(129)]
    public void A_number_of_guesses_out_of_range_is_refused(int tokens) =>
        Should.Throw<ConfigException>(() => new GenerationOptions { LookupTokens = tokens }.Validate()).Message
            .ShouldContain($"LookupTokens must be between 0 and 128, got {tokens}.");

    private static IEnumerable<SamplingOptions> Samplings()
    {
        yield return SamplingOptions.Greedy;
        yield return SamplingOptions.Greedy with { RepetitionPenalty = 1.1f };
        for (ulong seed = 0; seed < 3; seed++)
        {
            yield return new SamplingOptions { Temperature = 0.3f + (0.3f * seed), Seed = seed, TopK = seed == 1 ? 5 : 0, TopP = seed == 2 ? 0.8f : 1 };
        }
    }

    // Returns how many guesses were right.
    private static int SameText(Decoder decoder, int[] prompt, GenerationOptions options, int lookup)
    {
        var generator = new Generator(decoder, tokenizer: null, decoder.Config.EndTokens);
        GeneratedToken[] plain = [.. generator.Generate(prompt, options, cancellation: Cancellation)];
        GeneratedToken[] guessed = [.. generator.Generate(prompt, options with { LookupTokens = lookup }, cancellation: Cancellation)];
        guessed.Select(token => (token.Id, token.Finish)).ShouldBe(plain.Select(token => (token.Id, token.Finish)));
        return guessed[^1].Lookup!.Value.Accepted;
    }
}
