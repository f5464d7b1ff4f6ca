using MoeSharp.Formats;
using MoeSharp.Formats.Gguf;
using MoeSharp.Tensors;
using MoeSharp.Tensors.Quantization;

namespace MoeSharp.Models.Conversion;

/// <summary>Writes planned tensors as a GGUF file, each in the format that was chosen for it.</summary>
internal sealed class GgufOutput
{
    private readonly ConversionOptions _options;
    private readonly RecipeFacts _facts;
    private readonly RowQuantizer _quantizer;
    private readonly List<Item> _items = [];

    /// <summary>Plans the file.</summary>
    /// <param name="tensors">All tensors, in the order of their data.</param>
    /// <param name="facts">The model.</param>
    /// <param name="options">How to convert.</param>
    public GgufOutput(IEnumerable<PlannedTensor> tensors, RecipeFacts facts, ConversionOptions options)
    {
        _options = options;
        _facts = facts;
        _quantizer = new RowQuantizer(options.Workers ?? Workers.Default);
        foreach (PlannedTensor tensor in tensors)
        {
            Add(tensor);
        }
    }

    /// <summary>True when a stack of experts is written as one matrix an expert.</summary>
    public bool HasSingleExperts { get; private set; }

    /// <summary>The files that will be written.</summary>
    /// <param name="path">The file, or what the names of parts are made of.</param>
    public IReadOnlyList<string> PathsOf(string path) => SplitGgufWriter.PathsOf(path, Entries(), _options.SplitBytes);

    /// <summary>Writes the file, or its parts; they appear when all are complete.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing stays.</exception>
    /// <exception cref="ModelFormatException">A weight is not finite and its new format cannot hold that.</exception>
    public List<QuantizedTensor> Write(string path, GgufMetadata metadata, CancellationToken cancellation)
    {
        var report = new List<QuantizedTensor>();
        long total = _items.Sum(item => item.Length), done = 0;
        using var writer = new SplitGgufWriter(path, metadata, Entries(), _options.SplitBytes);
        foreach (Item item in _items)
        {
            cancellation.ThrowIfCancellationRequested();
            report.Add(Write(writer, item, done, total, cancellation));
            done += item.Length;
            _options.Progress?.Report(new ConversionProgress(item.Name, done, total));
        }

        cancellation.ThrowIfCancellationRequested();
        writer.Commit();
        return report;
    }

    private GgufEntry[] Entries() => [.. _items.Select(item => new GgufEntry(item.Name, item.Type, item.Shape))];

    private void Add(PlannedTensor tensor)
    {
        QuantizationRecipe? recipe = _options.Recipe;
        if (recipe?.ChooseExperts(tensor.Name, tensor.Shape, _facts) is { } choices)
        {
            HasSingleExperts = true;
            GgufTensorName name = GgufTensorName.Parse(tensor.Name);
            long length = tensor.Length / tensor.Shape[0];
            for (int expert = 0; expert < choices.Count; expert++)
            {
                _items.Add(new Item(
                    tensor, name.OfExpert(expert), [tensor.Shape[1], tensor.Shape[2]], expert * length, length,
                    StoredTypeFacts.OfFormat(choices[expert].Format), choices[expert].Reason, expert));
            }

            return;
        }

        (StoredType type, string? reason) = TypeOf(tensor, recipe);
        _items.Add(new Item(tensor, tensor.Name, tensor.Shape, 0, tensor.Length, type, reason, null));
    }

    private (StoredType Type, string? Reason) TypeOf(PlannedTensor tensor, QuantizationRecipe? recipe)
    {
        if (tensor.StoredAs is { } integers && integers is StoredType.I8 or StoredType.I16 or StoredType.I32 or StoredType.I64)
        {
            return (integers, "whole numbers are copied");
        }

        if (recipe is not null)
        {
            TensorChoice choice = recipe.Choose(tensor.Name, tensor.Shape, _facts);
            return (StoredTypeFacts.OfFormat(choice.Format), choice.Reason);
        }

        // As it is stored: copied from a GGUF file; from elsewhere, vectors and routers become F32, as they are published.
        if (tensor.StoredAs is { } stored && stored.GgmlType() is not null
            && (tensor is CopiedTensor || QuantizationRecipe.Bf16.Choose(tensor.Name, tensor.Shape, _facts).Format != BlockFormats.F32))
        {
            return (stored, null);
        }

        TensorChoice widened = QuantizationRecipe.Bf16.Choose(tensor.Name, tensor.Shape, _facts);
        bool isFloat64 = tensor.StoredAs is StoredType.F64 or StoredType.F32;
        return (isFloat64 ? StoredType.F32 : StoredTypeFacts.OfFormat(widened.Format), widened.Reason);
    }

    private QuantizedTensor Write(SplitGgufWriter writer, Item item, long done, long total, CancellationToken cancellation)
    {
        PlannedTensor tensor = item.Source;
        string from = tensor.StoredAs?.Name() ?? "several types";
        long before = tensor.Length == 0 ? 0 : (long)((double)tensor.StoredBytes * item.Length / tensor.Length);
        long bytes = 0;
        if (tensor.StoredAs == item.Type && item.Expert is null && tensor.RawBytes() is { } raw)
        {
            foreach (ReadOnlyMemory<byte> piece in raw)
            {
                cancellation.ThrowIfCancellationRequested();
                writer.WriteBytes(item.Name, piece.Span);
                bytes += piece.Length;
            }

            return new QuantizedTensor(item.Name, tensor.Part, from, item.Type.Name(), item.Length, before, bytes, default, item.Reason);
        }

        BlockFormat format = item.Type.Format()!;
        int columns = checked((int)tensor.Columns);
        bool isStack = tensor.Shape.Count == 3 && item.Expert is null;
        QuantizationError error = default;
        ColumnImportance importance = ColumnImportance.None;
        int importanceOf = -1;
        long matrix = isStack ? tensor.Length / tensor.Shape[0] : tensor.Length;
        foreach (ValuePiece piece in tensor.Pieces(item.Start, item.Length))
        {
            for (long at = 0; at < piece.Values.Length;)
            {
                // Never across two experts: each has importances of its own.
                cancellation.ThrowIfCancellationRequested();
                int expert = item.Expert ?? (int)((piece.First + at) / matrix);
                long length = Math.Min(piece.Values.Length - at, item.Expert is null ? ((expert + 1L) * matrix) - piece.First - at : long.MaxValue);
                if (expert != importanceOf)
                {
                    importance = ImportanceOf(tensor, isStack || item.Expert is not null ? expert : 0, columns, format);
                    importanceOf = expert;
                }

                ReadOnlyMemory<byte> blocks;
                try
                {
                    blocks = _quantizer.Run(format, piece.Values, at, length, columns, importance, out QuantizationError lost);
                    error += lost;
                }
                catch (ArgumentException fault) when (!format.IsFloat)
                {
                    throw new ModelFormatException(item.Name, null, null, fault.Message + " The weights of the source are damaged.", fault);
                }

                writer.WriteBytes(item.Name, blocks.Span);
                bytes += blocks.Length;
                at += length;
            }

            _options.Progress?.Report(new ConversionProgress(item.Name, done + piece.First - item.Start + piece.Values.Length, total));
        }

        return new QuantizedTensor(
            item.Name, tensor.Part, from, item.Type.Name(), item.Length, before, bytes, error, item.Reason, importance.IsKnown);
    }

    private ColumnImportance ImportanceOf(PlannedTensor tensor, int expert, int columns, BlockFormat format) =>
        !format.IsFloat && tensor.Parameter is { } parameter && _options.Importance?.Columns(parameter, expert) is { } importance
            && importance.Squares.Length == columns ? importance : ColumnImportance.None;

    private sealed record Item(
        PlannedTensor Source, string Name, IReadOnlyList<long> Shape, long Start, long Length, StoredType Type, string? Reason, int? Expert);
}
