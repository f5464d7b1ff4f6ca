using System.Runtime.InteropServices;

namespace MoeSharp.Cli.Commands;

/// <summary>Ctrl-C in a program that goes on: it stops the work under way, and leaves when there is none.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _leaving;
    private readonly PosixSignalRegistration _registration;
    private readonly Lock _lock = new();
    private CancellationTokenSource? _work;

    public Interrupt(CancellationToken cancellation)
    {
        _leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true; // the program ends itself, with its own exit code
            Press();
        });
    }

    /// <summary>Cancelled when the program shall end.</summary>
    public CancellationToken Leaving => _leaving.Token;

    /// <summary>What Ctrl-C does.</summary>
    public void Press()
    {
        lock (_lock)
        {
            _ = (_work ?? _leaving).CancelAsync(); // what goes on after it must not run here, under the lock
        }
    }

    /// <summary>Begins work that Ctrl-C stops.</summary>
    public CancellationToken Begin()
    {
        lock (_lock)
        {
            _work = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token);
            return _work.Token;
        }
    }

    /// <summary>Ends the work.</summary>
    public void End()
    {
        lock (_lock)
        {
            _work?.Dispose();
            _work = null;
        }
    }

    public void Dispose()
    {
        _registration.Dispose();
        End();
        _leaving.Dispose();
    }
}
