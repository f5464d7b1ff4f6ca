using MoeSharp.Models.Conversion;
using MoeSharp.Models.Decoding;
using MoeSharp.Tests.Models.Conversion;

namespace MoeSharp.Studies;

/// <summary>Writes the equal of the built-in model with rows of 256, which formats of large blocks can hold, and its tokenizer.</summary>
internal static class WidenStudy
{
    public static void Run(string folder)
    {
        using (StoredModel tiny = StoredModel.OpenTiny())
        {
            ModelConverter.Convert(tiny, folder, new ConversionOptions());
        }

        DecoderFolder.Save(WidenedTiny.Create(), folder);
    }
}
