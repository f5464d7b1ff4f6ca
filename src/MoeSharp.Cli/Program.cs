using System.CommandLine;

var root = new RootCommand("Mixture-of-Experts for .NET: train, run and look inside sparse expert models.");
return root.Parse(args).Invoke();
