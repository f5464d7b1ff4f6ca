using MoeSharp.Formats.Protobuf;

namespace MoeSharp.Text.SentencePiece;

/// <summary>Writes a <c>tokenizer.model</c>: a file that was read, byte for byte; any other model as a new message.</summary>
internal static class SentencePieceWriter
{
    /// <summary>Writes a model.</summary>
    public static void Write(SentencePieceModel model, Stream stream)
    {
        if (model.Source is not null)
        {
            stream.Write(model.Source);
            return;
        }

        var message = new ProtobufWriter();
        foreach (Piece entry in model.Pieces)
        {
            var piece = new ProtobufWriter();
            piece.Text(1, entry.Text);
            piece.Float(2, entry.Score);
            if (entry.Type != PieceType.Normal)
            {
                piece.Varint(3, (ulong)entry.Type);
            }

            message.Message(1, piece);
        }

        message.Message(2, Trainer(model));
        message.Message(3, Normalizer(model));
        stream.Write(message.Written);
    }

    private static ProtobufWriter Trainer(SentencePieceModel model)
    {
        var trainer = new ProtobufWriter();
        trainer.Varint(3, model.IsBpe ? 2UL : 1UL);
        trainer.Varint(4, (ulong)model.Pieces.Count);
        trainer.Varint(24, model.Spaces.AsSuffix ? 1UL : 0UL);
        trainer.Varint(35, model.ByteFallback ? 1UL : 0UL);
        trainer.Varint(40, (ulong)IdOf(model, PieceType.Unknown, null));
        trainer.Varint(41, (ulong)IdOf(model, PieceType.Control, model.BeginPiece));
        trainer.Text(44, model.UnknownSurface);
        trainer.Text(45, model.Pieces.First(piece => piece.Type == PieceType.Unknown).Text);
        trainer.Text(46, model.BeginPiece);
        return trainer;
    }

    private static ProtobufWriter Normalizer(SentencePieceModel model)
    {
        var normalizer = new ProtobufWriter();
        normalizer.Text(1, model.Map is null ? "identity" : "user_defined");
        normalizer.Bytes(2, model.Map?.Source ?? []);
        normalizer.Varint(3, model.Spaces.AddsDummy ? 1UL : 0UL);
        normalizer.Varint(4, model.Spaces.RemovesExtra ? 1UL : 0UL);
        normalizer.Varint(5, model.Spaces.Escapes ? 1UL : 0UL);
        return normalizer;
    }

    /// <summary>The id of the first entry of a type and, if asked for, of a text; -1 when there is none, which is how the format says so.</summary>
    private static long IdOf(SentencePieceModel model, PieceType type, string? text)
    {
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Type == type && (text is null || model.Pieces[id].Text == text))
            {
                return id;
            }
        }

        return -1;
    }
}
