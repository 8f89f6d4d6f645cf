internal import Domain

/// Runs a program through an engine inside this process.
struct EngineBackend {
    let runner: any Runner

    /// Runs to the end and prints what the program prints as it comes.
    ///
    /// The calling thread, which belongs to no pool, does the writing and waits for signals; the run itself
    /// goes on in a task. So a reader who is slow holds up the guest, and nothing else.
    ///
    /// `prints`: False where the output belongs into the result only.
    func run(
        _ request: RunRequest, interrupts: Interrupts, prints: Bool
    ) throws(RunBackend.Failure) -> RunResult {
        let desk = OutputDesk()
        let runner = runner
        let task = Task { desk.finish(await Self.result(of: request, from: runner, to: prints ? desk : nil)) }
        let ending = desk.serve(interrupts: interrupts) { task.cancel() }
        switch ending {
        case .success(let result):
            if desk.nobodyReads { throw .nobodyReads }
            return result
        case .failure(let error):
            throw .request(error)
        }
    }

    private static func result(
        of request: RunRequest, from runner: any Runner, to desk: OutputDesk?
    ) async -> Result<RunResult, RequestError> {
        var observer: RunObserver?
        if let desk { observer = { event in await desk.take(event) } }
        do throws(RequestError) {
            return .success(try await runner.run(request, id: RunID.now(), observer: observer))
        } catch {
            return .failure(error)
        }
    }
}
