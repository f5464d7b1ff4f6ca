#:project ../src/MoeSharp/MoeSharp.csproj
// The built-in model continues a text: streamed, sampled, repeatable by its seed.
using MoeSharp;
using MoeSharp.Inference;
using MoeSharp.Inference.Sampling;

// [generate]
Model model = Model.Tiny;                          // or Model.Load("a folder of safetensors")
var options = new GenerationOptions
{
    MaxTokens = 80,
    Sampling = new SamplingOptions { Temperature = 0.8f, MinP = 0.05f, Seed = 3 },
};

const string prompt = "It was a dark and stormy night";
Console.Write(prompt);
await foreach (GeneratedToken token in model.GenerateAsync(prompt, options))
{
    Console.Write(token.Text);                     // whole characters, as they come
}
// [/generate]

Console.WriteLine();
Console.WriteLine($"({model.Config.CountParameters().Total:N0} parameters, {model.Config.CountParameters().Active:N0} of them active a token)");
