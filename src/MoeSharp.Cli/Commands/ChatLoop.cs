using System.Diagnostics;
using System.Text;
using MoeSharp.Inference;
using MoeSharp.Text.Templates;

namespace MoeSharp.Cli.Commands;

/// <summary>Reads lines, answers them, obeys commands, until the input ends.</summary>
internal sealed class ChatLoop(Conversation conversation, GenerationOptions options, IChatView view, TextReader input, Interrupt interrupt)
{
    private const string Help = """
        /reset         forget the conversation; what the system says stays
        /system TEXT   tell the model how to behave from the next turn on; without text: nothing any more
        /help          this list
        /exit          leave (so do Ctrl-D and, when no answer is under way, Ctrl-C)
        //…            say something that begins with a slash
        """;

    /// <summary>Runs to the end of the input.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        view.Start();
        while (true)
        {
            view.Prompt();
            string? line = await ReadLineAsync().ConfigureAwait(false);
            if (line is null)
            {
                return ExitCode.Done;
            }

            if (line.StartsWith("//", StringComparison.Ordinal))
            {
                await AnswerAsync(line[1..]).ConfigureAwait(false);
            }
            else if (line.StartsWith('/'))
            {
                if (Obey(line))
                {
                    return ExitCode.Done;
                }
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                await AnswerAsync(line).ConfigureAwait(false);
            }
        }
    }

    private async Task<string?> ReadLineAsync()
    {
        // A console read cannot be cancelled: it is left behind when the program ends.
        Task<string?> reading = Task.Run(input.ReadLine);
        return await reading.WaitAsync(interrupt.Leaving).ConfigureAwait(false);
    }

    // True to leave.
    private bool Obey(string line)
    {
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        string name = space < 0 ? line : line[..space], rest = space < 0 ? "" : line[(space + 1)..].Trim();
        switch (name)
        {
            case "/exit" or "/quit":
                return true;
            case "/reset":
                conversation.Reset();
                view.Note("(the conversation is forgotten)");
                return false;
            case "/system":
                conversation.System = rest.Length == 0 ? null : rest;
                view.Note(rest.Length == 0 ? "(the system says nothing from now on)" : "(the system says so from now on)");
                return false;
            case "/help":
                view.Note(Help);
                return false;
            default:
                string fault = $"'{name}' is no command: /help lists them. Begin with // to say something that begins with a slash.";
                if (view.EndsAtFault)
                {
                    throw new UsageException(fault);
                }

                view.Note(fault);
                return false;
        }
    }

    private async Task AnswerAsync(string line)
    {
        CancellationToken stop = interrupt.Begin();
        long start = Stopwatch.GetTimestamp();
        var text = new StringBuilder();
        int count = 0;
        FinishReason? finish = null;
        LookupStatistics? lookup = null;
        try
        {
            await Task.Run(
                () =>
                {
                    foreach (GeneratedToken token in conversation.Reply(line, options, stop))
                    {
                        view.Show(token);
                        text.Append(token.Text);
                        count++;
                        (finish, lookup) = (token.Finish, token.Lookup);
                    }
                },
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!interrupt.Leaving.IsCancellationRequested)
        {
            // the answer stops, the program goes on
        }
        catch (Exception fault) when (!view.EndsAtFault && fault is TemplateException or ArgumentException)
        {
            view.Note(fault.Message);
            return;
        }
        finally
        {
            interrupt.End();
        }

        view.End(conversation, new ChatTurn(text.ToString(), count, finish, Stopwatch.GetElapsedTime(start).TotalSeconds, lookup));
    }
}
