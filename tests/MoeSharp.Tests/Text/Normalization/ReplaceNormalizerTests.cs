using System.Text;
using MoeSharp.Formats;
using MoeSharp.Text.Normalization;

namespace MoeSharp.Tests.Text.Normalization;

public class ReplaceNormalizerTests
{
    [Fact]
    public void A_text_that_grows_beyond_measure_is_refused_before_memory_is_full()
    {
        var grow = new ReplaceNormalizer("a", new string('a', 1000));
        var sequence = new SequenceNormalizer([grow, grow, grow, grow, grow, grow]);
        Should.Throw<ModelFormatException>(() => sequence.Normalize(Encoding.UTF8.GetBytes(new string('a', 50))).ToArray()).Message
            .ShouldContain("makes more than 4,248,576 bytes of a text of 50,000.");
        grow.Normalize("ba"u8).Length.ShouldBe(1001);
    }
}
