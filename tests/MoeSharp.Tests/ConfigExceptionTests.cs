namespace MoeSharp.Tests;

public sealed class ConfigExceptionTests
{
    [Fact]
    public void All_faults_stand_in_one_message()
    {
        var fault = new ConfigException("MoeConfig", "TopK must be between 1 and 8, got 9.", "HiddenSize must be positive, got 0.");

        fault.Message.ShouldBe("Invalid MoeConfig:\n  TopK must be between 1 and 8, got 9.\n  HiddenSize must be positive, got 0.");
        fault.Faults.Count.ShouldBe(2);
        fault.Subject.ShouldBe("MoeConfig");
    }

    [Fact]
    public void No_fault_throws_nothing_and_one_fault_throws()
    {
        ConfigException.ThrowIfAny("MoeConfig", []);
        Should.Throw<ConfigException>(() => ConfigException.ThrowIfAny("MoeConfig", ["a."])).Faults.ShouldBe(["a."]);
        Should.Throw<ArgumentException>(() => new ConfigException("MoeConfig"));
    }
}
