using MoeSharp.Formats;

namespace MoeSharp.Tests.Formats;

public sealed class ModelFormatExceptionTests
{
    [Fact]
    public void The_message_names_file_item_and_offset()
    {
        var fault = new ModelFormatException("/models/a/model.safetensors", "tensor 'x'", 1204736, "reaches past the end.");

        fault.Message.ShouldBe("model.safetensors, tensor 'x', byte 1,204,736: reaches past the end.");
        fault.File.ShouldBe("/models/a/model.safetensors");
        fault.Item.ShouldBe("tensor 'x'");
        fault.Offset.ShouldBe(1204736);
        fault.Fault.ShouldBe("reaches past the end.");
    }

    [Fact]
    public void Unknown_parts_are_left_out()
    {
        new ModelFormatException("tokenizer.json", null, null, "is empty.").Message.ShouldBe("tokenizer.json: is empty.");
        new ModelFormatException("a.gguf", null, 7, "ends early.").Message.ShouldBe("a.gguf, byte 7: ends early.");
    }

    [Fact]
    public void A_hostile_name_stays_one_short_line()
    {
        new ModelFormatException("a", "tensor 'x\n\u001b[2J'", 1, "is\0bad.").Message.ShouldBe("a, tensor 'x\\u000A\\u001B[2J', byte 1: is\\u0000bad.");
        new ModelFormatException("a", new string('x', 100_000), null, new string('y', 100_000)).Message.Length.ShouldBeLessThan(1300);
    }
}
