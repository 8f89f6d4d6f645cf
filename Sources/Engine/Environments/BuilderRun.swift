internal import Domain
internal import Posix
internal import Storage
internal import Workers

/// One step of making an environment, in a sandbox of its own, from its order to what came of it.
struct BuilderRun {
    let link: JailerLink
    let thread: BlockingThread
    let index: LibraryIndex

    /// - Returns: The answer's messages, the last of which is `done`.
    /// - Throws: ``RequestError`` that says what a client or the operator can do.
    func perform(_ order: BuilderOrder, _ reader: BuilderReader) async throws(RequestError)
        -> [BuilderMessage]
    {
        let step = try order.step()
        let session: StepSession
        do throws(SystemFailure) { session = try link.start(step) } catch {
            throw RequestError(.unreachable, "libraries: the build sandbox could not be ordered: \(error)")
        }
        var errors: [UInt8] = []
        var fault: BuilderReader.Fault?
        var last: StepEvent?
        await withTaskCancellationHandler {
            while let event = await session.channel.next() {
                switch event {
                case .output(let output) where output.stream == .stderr:
                    errors = Array((errors + output.bytes).suffix(4_096))
                case .output(let output):
                    guard fault == nil else { continue }
                    do throws(BuilderReader.Fault) {
                        try await thread.perform { () throws(BuilderReader.Fault) in
                            try reader.feed(output.bytes)
                        }
                    } catch {
                        fault = error
                        session.cancel()
                    }
                case .ended, .failed: last = event
                default: continue
                }
            }
        } onCancel: {
            session.cancel()
        }
        if let fault { throw Self.error(fault) }
        try check(last, reader.messages, order.limits, errors)
        return reader.messages
    }

    private func check(
        _ last: StepEvent?, _ messages: [BuilderMessage], _ limits: Limits, _ errors: [UInt8]
    ) throws(RequestError) {
        guard case .ended(let outcome) = last else {
            var why = "init ended without a word"
            if case .failed(let words) = last { why = words }
            throw RequestError(.unreachable, "libraries: no build sandbox could be made: \(why); try again")
        }
        let verdict = VerdictRules.verdict(outcome, limits: limits)
        if case .failed(let reason, let text) = messages.last {
            let isFull =
                reason == "full" || verdict.status == .diskExceeded || verdict.status == .memoryExceeded
                || text.contains("No space left on device")
            throw isFull ? Self.tooLarge(limits) : BuilderError.of(reason, index.withoutSecrets(text))
        }
        switch verdict.status {
        case .succeeded where messages.last == .done: return
        case .cancelled: throw RequestError(.unreachable, "libraries: making the environment was cancelled")
        case .diskExceeded, .memoryExceeded, .outputExceeded: throw Self.tooLarge(limits)
        case .timeExceeded, .cpuExceeded:
            throw RequestError(
                .environmentFailed,
                "libraries: a build step took longer than \(Int(limits.wall.inMilliseconds) / 1_000) s; ask for fewer libraries",
                field: "libraries")
        default:
            let words = BuilderError.lastLine(String(decoding: errors, as: UTF8.self))
            throw RequestError(
                .environmentFailed, "libraries: the build step ended as \(verdict.status.rawValue): \(words)",
                field: "libraries")
        }
    }

    private static func tooLarge(_ limits: Limits) -> RequestError {
        RequestError(
            .environmentFailed,
            "libraries: they are larger than a build sandbox of \(limits.disk.wholeMebibytes) MB; ask for fewer, "
                + "or raise --environment-build-mb",
            field: "libraries")
    }

    private static func error(_ fault: BuilderReader.Fault) -> RequestError {
        switch fault {
        case .malformed:
            RequestError(
                .environmentFailed, "libraries: the build sandbox answered what none of ours does",
                field: "libraries")
        case .conflict(let path):
            RequestError(
                .environmentFailed,
                "libraries: two of them have the file '\(path.suffix(128))', or a path that cannot be",
                field: "libraries")
        case .tooLarge:
            RequestError(
                .environmentFailed,
                "libraries: they have more files, or larger ones, than an environment may", field: "libraries"
            )
        case .storage(let failure):
            RequestError(.unreachable, "libraries: the environment cannot be kept: \(failure.message)")
        case .full:
            RequestError(
                .unreachable,
                "libraries: the disk that keeps environments is full; `diatom env gc` makes room, nothing half-made is kept"
            )
        }
    }
}
