package import Domain

extension RunEngine {
    /// What waits, what runs, and what was refused.
    package var admission: AdmissionSnapshot { gate.snapshot }

    package func drain() { gate.drain() }

    /// Tells what a key had used today before this engine was started.
    package func noteUsed(_ cpu: Duration, by key: KeyID) { gate.noteUsed(cpu, by: key) }
}

extension AdmissionWish {
    init(_ request: RunRequest, arrival: Int64) {
        self.init(key: request.key, allowance: request.allowance, priority: request.priority)
        deadline = request.deadline.map { arrival + Int64($0.nanoseconds) }
        bytes = request.files.reduce(0) { $0 + $1.content.count }
        if case .bytes(let stdin) = request.stdin { bytes += stdin.count }
        bytes += request.args.reduce(0) { $0 + $1.count }
        bytes += request.tests.reduce(0) { $0 + ($1.stdin?.count ?? 0) }
    }
}

extension RunResult {
    /// Of compiling, the run and all its tests.
    var wholeCPU: Duration { (usage.cpu ?? .zero) + (compile?.usage.cpu ?? .zero) }
}
