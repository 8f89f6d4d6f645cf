internal import API
internal import Domain
internal import JSON

/// What `diatom env` does, from its words to its exit code.
struct EnvironmentWork {
    private let invocation: Invocation
    private let messages: Messages
    private var isJSON: Bool { invocation.parsed.has(.json) }

    init(_ invocation: Invocation) {
        self.invocation = invocation
        messages = Messages(environment: invocation.environment)
    }

    func list() -> Int32 {
        carryOut { (backend) throws(RunBackend.Failure) in
            let answer = try backend.list()
            messages.print(isJSON ? Self.text(answer) : EnvironmentReport.table(answer))
            return 0
        }
    }

    func build(_ libraries: [Requirement]) -> Int32 {
        let wish = EnvironmentWish(
            language: nil, libraries: libraries, builds: invocation.parsed.has(RunFlags.buildLibraries))
        return carryOut { (backend) throws(RunBackend.Failure) in
            let answer = try backend.build(wish) { messages.progress($0) }
            messages.print(isJSON ? Self.text(answer) : EnvironmentReport.details(answer))
            return 0
        }
    }

    func show(_ id: String, verifies: Bool) -> Int32 {
        carryOut { (backend) throws(RunBackend.Failure) in
            let answer = try backend.show(try whole(id, backend), verifies: verifies)
            messages.print(isJSON ? Self.text(answer) : EnvironmentReport.details(answer))
            return EnvironmentReport.isDamaged(answer) ? 1 : 0
        }
    }

    func remove(_ id: String) -> Int32 {
        carryOut { (backend) throws(RunBackend.Failure) in
            let answer = try backend.remove(try whole(id, backend))
            messages.print(isJSON ? Self.text(answer) : "removed")
            return 0
        }
    }

    func collect(to mebibytes: Int?) -> Int32 {
        carryOut { (backend) throws(RunBackend.Failure) in
            let answer = try backend.collect(to: mebibytes)
            messages.print(isJSON ? Self.text(answer) : EnvironmentReport.sweep(answer))
            return 0
        }
    }

    private static func text(_ json: [UInt8]) -> String { String(decoding: json, as: UTF8.self) }

    /// The one environment whose id begins so.
    private func whole(_ id: String, _ backend: EnvironmentBackend) throws(RunBackend.Failure) -> String {
        if EnvironmentRecord.isHash(id) { return id }
        let found = EnvironmentReport.ids(try backend.list()).filter { $0.hasPrefix(id) && !id.isEmpty }
        guard found.count == 1 else {
            let why = found.isEmpty ? "there is no environment" : "there are \(found.count) environments"
            throw .request(RequestError(.notFound, "\(why) whose id begins with '\(id.shortened(to: 40))'"))
        }
        return found[0]
    }

    private func carryOut(_ body: (EnvironmentBackend) throws(RunBackend.Failure) -> Int32) -> Int32 {
        do throws(RunBackend.Failure) {
            return try body(try EnvironmentBackend(invocation, Interrupts()))
        } catch {
            switch error {
            case .request(let error):
                if isJSON { DescriptorOutput.writeAll(ErrorText.json(error), to: 1) }
                messages.complain("env: \(error.message)")
                return ExitCode.of(error)
            case .broken(let reason):
                messages.complain("env: \(reason)")
                return ExitCode.engineFailed
            case .interrupted:
                messages.status(.cancelled, "interrupted")
                return ExitCode.cancelled
            case .nobodyReads: return 128 + 13
            }
        }
    }
}
