@testable import Commands
import Domain
import Glibc
import Testing

/// Whole command lines, each in a process of its own: descriptors and signals belong to the process.
@Suite(.timeLimit(.minutes(1)))
struct CommandLineTests {
    @Test func `a run prints what the program prints and gives its exit code`() async {
        let ending = await #expect(processExitsWith: .exitCode(0), observing: [\.standardOutputContent]) {
            let words = ["run", "--alone", "-l", "py", "-c", "1"]
            exit(
                Commands.main(
                    arguments: words, environment: [:],
                    makeRunner: { (_) throws(RequestError) in DoubleRunner(pieces: ["one\n", "two\n"]) }))
        }
        let text = ending.map { String(decoding: $0.standardOutputContent, as: UTF8.self) } ?? ""
        #expect(text.contains("one\ntwo\n"))
    }

    @Test func `a signal cancels the run`() async {
        await #expect(processExitsWith: .exitCode(130)) {
            PlainThread.detach {
                usleep(200_000)
                kill(getpid(), SIGTERM)
            }
            exit(
                Commands.main(
                    arguments: ["run", "--alone", "-l", "py", "-c", "1"], environment: [:],
                    makeRunner: { (_) throws(RequestError) in DoubleRunner(waits: true) }))
        }
    }

    @Test func `a reader who leaves ends the run`() async {
        await #expect(processExitsWith: .exitCode(141)) {
            var ends: [Int32] = [-1, -1]
            _ = pipe(&ends)
            dup2(ends[1], 1)
            close(ends[0])
            exit(
                Commands.main(
                    arguments: ["run", "--alone", "-l", "py", "-c", "1"], environment: [:],
                    makeRunner: { (_) throws(RequestError) in DoubleRunner(pieces: ["x"], waits: true) }))
        }
    }

    @Test func `a request that the engine refuses is wrong usage, a missing layer is not`() async {
        await #expect(processExitsWith: .exitCode(2)) {
            exit(
                Commands.main(
                    arguments: ["run", "--alone", "-l", "py", "-c", "1"], environment: [:],
                    makeRunner: { (_) throws(RequestError) in
                        DoubleRunner(refusal: RequestError(.limitTooHigh, "limits.memory_mb: too high"))
                    }))
        }
        await #expect(processExitsWith: .exitCode(125)) {
            exit(
                Commands.main(
                    arguments: ["run", "--alone", "-l", "py", "-c", "1"], environment: [:],
                    makeRunner: { (_) throws(RequestError) in
                        throw RequestError(.isolationUnavailable, "no user namespaces")
                    }))
        }
    }

    @Test(arguments: [
        [], ["nope"], ["run", "--idempotency-key", "a\r\nb: c", "x"], ["run"], ["version", "--nope"],
        ["help", "nope"],
    ])
    func `wrong usage is exit code 2`(_ words: [String]) {
        let code = Commands.main(
            arguments: words, environment: [:],
            makeRunner: { (_) throws(RequestError) in throw RequestError(.unsupported, "") })
        #expect(code == 2)
    }

    @Test(arguments: [
        ["--help"], ["run", "--help"], ["help", "run"], ["version"], ["version", "--json"], ["languages"],
    ])
    func `asking is exit code 0`(_ words: [String]) {
        let code = Commands.main(
            arguments: words, environment: [:],
            makeRunner: { (_) throws(RequestError) in throw RequestError(.unsupported, "") })
        #expect(code == 0)
    }
}
