@testable import Commands
import Domain
import Testing

struct ExitCodeTests {
    @Test(
        arguments: [
            (.succeeded, 0, nil, 0), (.failed, 3, nil, 3), (.failed, nil, nil, 1),
            (.compileFailed, nil, nil, 123),
            (.timeExceeded, nil, 9, 124), (.cpuExceeded, nil, 9, 124), (.memoryExceeded, nil, 9, 137),
            (.outputExceeded, nil, 9, 122), (.diskExceeded, 1, nil, 122), (.killed, nil, 11, 139),
            (.refused, nil, nil, 126), (.cancelled, nil, 9, 130), (.engineFailed, nil, nil, 125),
        ] as [(RunStatus, Int32?, Int32?, Int32)])
    func `every status has the exit code of the contract`(
        _ status: RunStatus, _ exit: Int32?, _ signal: Int32?, _ code: Int32
    ) {
        #expect(ExitCode.of(Verdict(status: status, exitCode: exit, signal: signal)) == code)
    }

    @Test func `a limit that ended a run is told in words`() {
        var result = RunResult(
            id: .now(), verdict: Verdict(status: .memoryExceeded, signal: 9), language: "python", created: 0)
        result.verdict.limit = LimitHit(
            name: .memory, allowed: 512, measured: 512, how: "control group OOM kill")
        #expect(RunReport(result).line == "512 MB allowed, 512.0 MB measured (control group OOM kill)")
        result.verdict.limit = LimitHit(name: .output, allowed: 10, measured: nil, how: "counted")
        #expect(RunReport(result).line == "10 bytes allowed (counted)")
        result.verdict = Verdict(status: .failed, exitCode: 1)
        #expect(RunReport(result).line == nil)
        result.verdict.limit = LimitHit(name: .processes, allowed: 64, measured: 64, how: "pids.max")
        #expect(RunReport(result).line == "processes: 64 processes allowed, 64 processes measured (pids.max)")
    }
}
