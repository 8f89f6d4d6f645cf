internal import Domain
internal import Glibc
internal import Posix
internal import Storage
internal import Synchronization

/// Reads the answer of a build sandbox as it comes: messages, and files that go where they belong.
///
/// Its calls block while they write.
final class BuilderReader: Sendable {
    /// What becomes of the files of an answer.
    enum Target: Sendable {
        case environment(EnvironmentDraft)
        /// Each is a wheel of its own, under its digest.
        case wheels(EnvironmentStore, most: ByteCount)
    }

    enum Fault: Error, Hashable {
        case malformed
        /// A path that is given twice, or does not fit under one that is there.
        case conflict(String)
        case tooLarge
        case storage(StorageFailure)
        case full
    }

    private struct State: ~Copyable {
        var line: [UInt8] = []
        var draft: EnvironmentDraft?
        /// The digest that the file under way is said to have.
        var digest: String?
        var messages: [BuilderMessage] = []
        var delivered: [(sha256: String, file: String)] = []
    }

    private let target: Target
    private let say: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(_ target: Target, say: @escaping @Sendable (String) -> Void) {
        self.target = target
        self.say = say
    }

    /// All but progress and files, in their order.
    var messages: [BuilderMessage] { state.withLock { $0.messages } }

    /// The wheels that came.
    var delivered: [(sha256: String, file: String)] { state.withLock { $0.delivered } }

    func feed(_ bytes: [UInt8]) throws(Fault) {
        try state.withLock { state throws(Fault) in
            var rest = bytes[...]
            while !rest.isEmpty {
                if let draft = state.draft, draft.isWithinFile {
                    do throws(SystemFailure) { rest = rest.dropFirst(try draft.take(rest)) } catch {
                        throw Self.fault(error, "")
                    }
                    if !draft.isWithinFile { try finishFile(&state) }
                } else {
                    try takeLine(&rest, &state)
                }
            }
        }
    }

    private func takeLine(_ rest: inout ArraySlice<UInt8>, _ state: inout State) throws(Fault) {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            state.line += rest
            rest = []
            guard state.line.count <= BuilderMessage.longestLine else { throw .malformed }
            return
        }
        let line = state.line + rest[..<end]
        state.line = []
        rest = rest[(end + 1)...]
        let message: BuilderMessage
        do throws(BuilderMessage.Malformed) { message = try BuilderMessage(line) } catch { throw .malformed }
        switch message {
        case .progress(let text): say(text)
        case .file(let path, let size, let executable): try begin(path, size, executable, &state)
        case .lock, .needsBuild, .failed, .done:
            guard state.messages.count < 100 else { throw .malformed }
            state.messages.append(message)
        }
    }

    private func begin(
        _ path: WorkspacePath, _ size: Int, _ executable: Bool, _ state: inout State
    ) throws(Fault) {
        let draft: EnvironmentDraft
        var place = path
        switch target {
        case .environment(let environment): draft = environment
        case .wheels(let store, let most):
            let names = path.names.map(String.init)
            guard names.count <= 2, let file = names.last, let name = try? WorkspacePath(parsing: file) else {
                throw .malformed
            }
            place = name
            state.digest = names.count == 2 ? names[0] : nil
            do throws(StorageFailure) { draft = try store.draft(most: most) } catch { throw .storage(error) }
        }
        state.draft = draft
        do throws(SystemFailure) { try draft.begin(place, size: size, executable: executable) } catch {
            throw Self.fault(error, path.description)
        }
        if size == 0 { try finishFile(&state) }
    }

    private func finishFile(_ state: inout State) throws(Fault) {
        guard case .wheels(let store, _) = target, let draft = state.draft else { return }
        state.draft = nil
        guard let file = draft.files.first, state.digest == nil || state.digest == file.sha256 else {
            throw .malformed
        }
        do throws(StorageFailure) { try store.keepWheel(draft) } catch { throw .storage(error) }
        state.delivered.append((file.sha256, file.path))
    }

    private static func fault(_ failure: SystemFailure, _ path: String) -> Fault {
        switch failure.code {
        case ENOSPC, EDQUOT: .full
        case EFBIG: .tooLarge
        case EEXIST, ENOTDIR, EISDIR: .conflict(path)
        default: .storage(StorageFailure(failure.description))
        }
    }
}
