using MoeSharp.Inference.Sampling;
using MoeSharp.Text;

namespace MoeSharp.Inference;

/// <summary>Turns generated tokens into text that may be shown: whole characters, without stop texts.</summary>
internal sealed class GeneratedText
{
    private readonly TokenStream? _stream;
    private readonly StopText _stop;

    /// <summary>Starts a text.</summary>
    public GeneratedText(Tokenizer? tokenizer, IReadOnlyList<string> stops)
    {
        _stream = tokenizer is null ? null : new TokenStream(tokenizer, skipSpecial: true);
        _stop = new StopText(stops);
    }

    /// <summary>True once a stop text was found.</summary>
    public bool IsStopped => _stop.IsStopped;

    /// <summary>Adds a token; returns the text that is now certain.</summary>
    public string Add(int id) => _stream is null ? "" : _stop.Add(_stream.Add(id));

    /// <summary>Ends the text; returns what was held back.</summary>
    public string Finish()
    {
        if (_stream is null || IsStopped)
        {
            return "";
        }

        string last = _stop.Add(_stream.Finish());
        return IsStopped ? last : last + _stop.Flush();
    }
}
