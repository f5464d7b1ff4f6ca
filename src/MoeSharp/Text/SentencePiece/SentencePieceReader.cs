using System.Text;
using MoeSharp.Formats;
using MoeSharp.Formats.Protobuf;
using MoeSharp.Text.Normalization;

namespace MoeSharp.Text.SentencePiece;

/// <summary>Reads a <c>tokenizer.model</c>: the protobuf message ModelProto of SentencePiece.</summary>
/// <remarks>
/// <para>Fields: ModelProto 1 pieces (1 piece, 2 score, 3 type), 2 trainer_spec (3 model_type, 24 treat_whitespace_as_suffix, 35 byte_fallback,
/// 44 unk_surface, 46 bos_piece), 3 normalizer_spec (2 precompiled_charsmap, 3 add_dummy_prefix, 4 remove_extra_whitespaces, 5 escape_whitespaces),
/// 5 denormalizer_spec. What only mattered in training is passed over.</para>
/// <para>Source: google/sentencepiece, sentencepiece_model.proto.</para>
/// </remarks>
internal sealed class SentencePieceReader
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly string _file;
    private readonly List<Piece> _pieces = [];
    private ulong _modelType = 1;
    private bool _byteFallback;
    private SpaceRules _spaces = new();
    private CharacterMap? _map;
    private string _beginPiece = "<s>";
    private string _unknownSurface = " \u2047 ";

    private SentencePieceReader(string file) => _file = file;

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="ModelFormatException">The file is malformed, contradicts itself, or holds a word or character model.</exception>
    public static SentencePieceModel Read(ReadOnlySpan<byte> bytes, string file)
    {
        var reader = new SentencePieceReader(file);
        try
        {
            reader.ReadModel(bytes);
        }
        catch (InvalidDataException exception)
        {
            throw new ModelFormatException(file, null, null, exception.Message, exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw reader.Fault($"pieces[{reader._pieces.Count}]", "has text that is not UTF-8.", exception);
        }

        reader.Check();
        return new SentencePieceModel
        {
            Pieces = reader._pieces,
            IsBpe = reader._modelType == 2,
            ByteFallback = reader._byteFallback,
            Spaces = reader._spaces,
            Map = reader._map,
            BeginPiece = reader._beginPiece,
            UnknownSurface = reader._unknownSurface,
            Source = bytes.ToArray(),
        };
    }

    private void ReadModel(ReadOnlySpan<byte> bytes)
    {
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    _pieces.Add(ReadPiece(Inner(message)));
                    break;
                case 2:
                    ReadTrainer(Inner(message));
                    break;
                case 3:
                    ReadNormalizer(Inner(message));
                    break;
                case 5 when HasMap(Inner(message)):
                    throw Fault("denormalizer_spec", "has a character map, which is not supported. Decoding would change characters.");
            }
        }
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> bytes)
    {
        var message = new ProtobufReader(bytes);
        (string text, float score, PieceType type) = ("", 0f, PieceType.Normal);
        while (message.Next())
        {
            switch (message.Field, message.WireType)
            {
                case (1, 2):
                    text = s_strict.GetString(message.Bytes);
                    break;
                case (2, 5):
                    score = message.Float;
                    break;
                case (3, 0):
                    type = (PieceType)(int)Math.Min(message.Bits, int.MaxValue);
                    break;
                case (1 or 2 or 3, _):
                    throw Wire(message);
            }
        }

        return new Piece(text, score, type);
    }

    private void ReadTrainer(ReadOnlySpan<byte> bytes)
    {
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 3:
                    _modelType = Number(message);
                    break;
                case 24:
                    _spaces = _spaces with { AsSuffix = Number(message) != 0 };
                    break;
                case 35:
                    _byteFallback = Number(message) != 0;
                    break;
                case 44:
                    _unknownSurface = s_strict.GetString(Inner(message));
                    break;
                case 46:
                    _beginPiece = s_strict.GetString(Inner(message));
                    break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> bytes)
    {
        var message = new ProtobufReader(bytes);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 2:
                    _map = Inner(message).IsEmpty ? null : CharacterMap.Read(Inner(message));
                    break;
                case 3:
                    _spaces = _spaces with { AddsDummy = Number(message) != 0 };
                    break;
                case 4:
                    _spaces = _spaces with { RemovesExtra = Number(message) != 0 };
                    break;
                case 5:
                    _spaces = _spaces with { Escapes = Number(message) != 0 };
                    break;
            }
        }
    }

    private void Check()
    {
        if (_modelType is not (1 or 2))
        {
            throw Fault("trainer_spec.model_type", $"is {_modelType}, which is not supported. 1 (unigram) and 2 (byte-pair encoding) are.");
        }

        PieceChecks.Check(_pieces, (place, message) => Fault($"pieces[{place}]", message));
        if (_pieces.Count(piece => piece.Type == PieceType.Unknown) is int unknowns and not 1)
        {
            throw Fault("pieces", $"has {unknowns} entries of type unknown. There must be one.");
        }

        int bytes = _pieces.Count(piece => piece.Type == PieceType.Byte);
        if (bytes != (_byteFallback ? 256 : 0))
        {
            throw Fault("trainer_spec.byte_fallback", $"is {(_byteFallback ? "true" : "false")}, but {bytes} pieces are of type byte. There must be {(_byteFallback ? 256 : 0)}.");
        }
    }

    private static bool HasMap(ReadOnlySpan<byte> bytes)
    {
        var message = new ProtobufReader(bytes);
        bool found = false;
        while (message.Next())
        {
            found |= message.Field == 2 && message.WireType == 2 && !message.Bytes.IsEmpty;
        }

        return found;
    }

    private static ReadOnlySpan<byte> Inner(ProtobufReader message) => message.WireType == 2 ? message.Bytes : throw Wire(message);

    private static ulong Number(ProtobufReader message) => message.WireType == 0 ? message.Bits : throw Wire(message);

    private static InvalidDataException Wire(ProtobufReader message) =>
        new($"has wire type {message.WireType} in field {message.Field}, where another is due. It is no SentencePiece model.");

    private ModelFormatException Fault(string key, string message, Exception? inner = null) => new(_file, $"key '{key}'", null, message, inner);
}
