internal import Domain
internal import Glibc
internal import Posix
internal import Synchronization
internal import Workers

/// States that a session can return to.
extension Session {
    /// Some of what init can keep is left for cells that may be rolled back.
    private static let mostCheckpoints = 24

    func checkpoints() -> [Checkpoint] { state.withLock { $0.checkpoints }.map(\.value) }

    func checkpoint(drops: Bool) async throws(RequestError) -> Checkpoint {
        try await usingAll { () async throws(RequestError) in
            guard checkpoints().count < Self.mostCheckpoints else {
                throw Self.conflict(
                    "checkpoints: a session has at most \(Self.mostCheckpoints); remove one first")
            }
            let number = nextCheckpointNumber()
            let measure = await sandbox.measure()
            let bytes = try await keep(number, drops: drops)
            return state.withLock { state in
                let contexts = state.contexts.filter { $0.language.canFreeze }.map(\.id)
                var value = Checkpoint(
                    id: "cp_\(number)", parent: state.position, created: WallClock.now(), files: bytes,
                    contexts: contexts)
                value.memory = measure?.memory
                state.checkpoints.append((number, value))
                state.position = value.id
                return value
            }
        }
    }

    func removeCheckpoint(_ id: String) async throws(RequestError) {
        try await using { () async throws(RequestError) in
            let (number, _) = try checkpoint(named: id)
            state.withLock { $0.checkpoints.removeAll { $0.number == number } }
            await sandbox.forgetCheckpoint(number)
        }
    }

    func rollBack(to id: String?) async throws(RequestError) -> Checkpoint {
        try await usingAll { () async throws(RequestError) in
            let (number, value) = try checkpoint(named: id)
            try await returnTo(number)
            state.withLock { $0.position = value.id }
            return value
        }
    }

    func checkpoint(named id: String?) throws(RequestError) -> (number: UInt64, value: Checkpoint) {
        let found = state.withLock { state in
            id.map { id in state.checkpoints.first { $0.value.id == id } } ?? state.checkpoints.last
        }
        guard let found else {
            throw RequestError(
                .notFound, "checkpoint: the session has \(id == nil ? "none" : "none of this id")",
                field: "checkpoint")
        }
        return found
    }

    func nextCheckpointNumber() -> UInt64 {
        state.withLock { state in
            defer { state.nextCheckpoint += 1 }
            return state.nextCheckpoint
        }
    }

    /// Keeps the state; the session is the caller's alone.
    func keep(
        _ number: UInt64, drops: Bool, withFiles: Bool = true
    ) async throws(RequestError) -> ByteCount {
        do throws(SystemFailure) {
            switch try await sandbox.checkpoint(number, drops: drops, withFiles: withFiles) {
            case .taken(let bytes): return ByteCount(bytes: bytes)
            case .obstructed(let lines):
                throw SystemFailure(operation: lines.joined(separator: "; "), code: EBUSY)
            }
        } catch {
            guard error.code == EBUSY else {
                throw SessionProblem.error(error.code, what: "checkpoint", path: "")
            }
            throw Self.conflict(
                "checkpoint: the session has what cannot be copied: \(error.operation); end it, or leave it behind with \"drop\": true"
            )
        }
    }

    /// Puts the state back; the session is the caller's alone.
    func returnTo(_ number: UInt64) async throws(RequestError) {
        do throws(SystemFailure) {
            let processes = try await sandbox.rollBack(to: number)
            for context in state.withLock({ $0.contexts }) {
                guard let old = context.number, let process = processes[old] else { continue }
                context.adopt(process)
            }
        } catch { throw SessionProblem.error(error.code, what: "rollback", path: "") }
    }
}
