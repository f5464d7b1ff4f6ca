using MoeSharp.Studies;

// What the scripts in bench/ need beside the command.
try
{
    switch (args)
    {
        case ["widen", string folder]:
            WidenStudy.Run(folder);
            return 0;
        case ["quality", string raw, string to, .. string[] names]:
            QualityStudy.Run(raw, to, names, Console.Out);
            return 0;
        case ["fit", .. string[] files] when files.Length > 0:
            FitStudy.Run(files, Console.Out);
            return 0;
        case ["predictions", .. string[] files] when files.Length > 0:
            PredictionTable.Run(files, Console.Out);
            return 0;
        default:
            Console.Error.WriteLine("studies: widen FOLDER | quality RAW-FOLDER TO-FOLDER NAME… | fit FILE.json… | predictions FILE.json…");
            return 2;
    }
}
catch (Exception fault) when (fault is IOException or InvalidDataException or ArgumentException or KeyNotFoundException)
{
    Console.Error.WriteLine("studies: " + fault.Message);
    return 1;
}
