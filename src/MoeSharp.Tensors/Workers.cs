using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MoeSharp.Tensors;

/// <summary>The threads: a small fixed team that takes items of one parallel region after another from a shared counter.</summary>
/// <remarks>
/// <para>Helpers spin for some microseconds after a region, since the next one usually follows at once, then park.
/// The caller takes part, and at the end waits only for helpers that joined: a helper that is still waking up costs nothing.</para>
/// <para>Regions do not nest: inside one, <see cref="Run"/> does all items itself. Callers on several threads take turns.
/// Which thread does which item is open, so items must not depend on it; then results are the same at any count.</para>
/// </remarks>
public sealed unsafe class Workers : IDisposable
{
    private const int Closed = int.MinValue;

    [ThreadStatic]
    private static bool s_insideRegion;

    [ThreadStatic]
    private static int s_currentWorker;

    private readonly Lock _turn = new();
    private readonly object _parking = new();
    private readonly Thread[] _helpers;
    private readonly TensorStorage?[] _scratch;
    private readonly long _spinTicks = Stopwatch.Frequency / 10_000; // 100 µs

    private delegate*<void*, int, int, void> _invoke;
    private void* _work;
    private int _items;
    private PaddedCounter _next;
    private PaddedCounter _door; // count of helpers inside; negative when closed
    private PaddedCounter _region; // number of the latest region
    private int _parked;
    private bool _stopping;
    private Exception? _fault;

    static Workers() => Default = new Workers(Environment.ProcessorCount);

    /// <summary>Starts a team.</summary>
    /// <param name="count">Threads that work together, the caller included; at least 1.</param>
    public Workers(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _scratch = new TensorStorage?[count];
        _door.Value = Closed;
        _helpers = new Thread[count - 1];
        for (int i = 0; i < _helpers.Length; i++)
        {
            int worker = i + 1;
            _helpers[i] = new Thread(() => Help(worker)) { IsBackground = true, Name = $"moesharp-{worker}" };
            _helpers[i].Start();
        }
    }

    /// <summary>One team for the whole process, as large as the machine.</summary>
    public static Workers Default { get; }

    /// <summary>Threads that work together, the caller included.</summary>
    public int Count { get; }

    /// <summary>Runs <paramref name="work"/> for items 0 to <paramref name="items"/> − 1 and returns when all are done.</summary>
    /// <remarks>A fault of any item is thrown here, after the others have stopped taking items.</remarks>
    public void Run<TWork>(int items, TWork work)
        where TWork : struct, IWork
    {
        if (items <= 0)
        {
            return;
        }

        if (s_insideRegion)
        {
            RunAlone(items, ref work, s_currentWorker);
            return;
        }

        lock (_turn)
        {
            s_insideRegion = true;
            s_currentWorker = 0;
            try
            {
                if (Count == 1 || items == 1)
                {
                    RunAlone(items, ref work, worker: 0);
                    return;
                }

                // The struct stays in this frame until every helper has left, so a plain pointer to it is safe;
                // references inside it are seen by the collector through this frame.
                RunShared(items, &Invoke<TWork>, Unsafe.AsPointer(ref work));
            }
            finally
            {
                s_insideRegion = false;
            }
        }
    }

    /// <summary>Scratch memory of one worker for the length of an item; grows and stays.</summary>
    internal Span<float> Scratch(int worker, int length) => new(ScratchPointer(worker, length), length);

    /// <summary>As <see cref="Scratch"/>, aligned to 64 bytes.</summary>
    internal float* ScratchPointer(int worker, int length)
    {
        TensorStorage? storage = _scratch[worker];
        if (storage is null || storage.Capacity < length)
        {
            _scratch[worker] = storage = new TensorStorage(length);
        }

        return storage.Pointer;
    }

    /// <summary>Ends the helpers.</summary>
    public void Dispose()
    {
        if (ReferenceEquals(this, Default))
        {
            return; // belongs to the process
        }

        lock (_parking)
        {
            _stopping = true;
            Interlocked.Increment(ref _region.Value);
            Monitor.PulseAll(_parking);
        }

        foreach (Thread helper in _helpers)
        {
            helper.Join();
        }
    }

    private static void RunAlone<TWork>(int items, ref TWork work, int worker)
        where TWork : struct, IWork
    {
        for (int item = 0; item < items; item++)
        {
            work.Run(item, worker);
        }
    }

    private static void Invoke<TWork>(void* work, int item, int worker)
        where TWork : struct, IWork => Unsafe.AsRef<TWork>(work).Run(item, worker);

    private void RunShared(int items, delegate*<void*, int, int, void> invoke, void* work)
    {
        _invoke = invoke;
        _work = work;
        _items = items;
        _fault = null;
        Volatile.Write(ref _next.Value, 0);
        Volatile.Write(ref _door.Value, 0);
        Interlocked.Increment(ref _region.Value);
        if (Volatile.Read(ref _parked) > 0)
        {
            lock (_parking)
            {
                Monitor.PulseAll(_parking);
            }
        }

        TakeItems(worker: 0);

        Interlocked.Or(ref _door.Value, Closed);
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _door.Value) != Closed)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }

        if (_fault is { } fault)
        {
            _fault = null;
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        }
    }

    private void TakeItems(int worker)
    {
        s_currentWorker = worker;
        try
        {
            int item;
            while ((item = Interlocked.Increment(ref _next.Value) - 1) < _items)
            {
                _invoke(_work, item, worker);
            }
        }
        catch (Exception fault)
        {
            Interlocked.CompareExchange(ref _fault, fault, null);
            Volatile.Write(ref _next.Value, _items);
        }
    }

    private void Help(int worker)
    {
        s_insideRegion = true;
        int seen = 0;
        while (true)
        {
            seen = AwaitRegion(seen);
            if (_stopping)
            {
                return;
            }

            if (TryEnter())
            {
                TakeItems(worker);
                Interlocked.Decrement(ref _door.Value);
            }
        }
    }

    /// <summary>Steps into the region if its door is open; whoever is inside may read its fields.</summary>
    private bool TryEnter()
    {
        int inside = Volatile.Read(ref _door.Value);
        while (inside >= 0)
        {
            int before = Interlocked.CompareExchange(ref _door.Value, inside + 1, inside);
            if (before == inside)
            {
                return true;
            }

            inside = before;
        }

        return false;
    }

    /// <summary>Waits for a region newer than <paramref name="seen"/>: spins for a while, then parks.</summary>
    private int AwaitRegion(int seen)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            for (int i = 0; i < 64; i++)
            {
                int region = Volatile.Read(ref _region.Value);
                if (region != seen)
                {
                    return region;
                }

                Thread.SpinWait(4);
            }
        }
        while (Stopwatch.GetTimestamp() - start < _spinTicks);

        lock (_parking)
        {
            Interlocked.Increment(ref _parked);
            while (Volatile.Read(ref _region.Value) == seen)
            {
                Monitor.Wait(_parking);
            }

            Interlocked.Decrement(ref _parked);
            return Volatile.Read(ref _region.Value);
        }
    }
}
