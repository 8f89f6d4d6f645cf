internal import Domain
internal import Posix
internal import Storage
internal import Synchronization

/// The compile cache, opened when something is first compiled: a command alone seldom needs it.
///
/// A cache that cannot be opened is no cache; runs go on without.
final class LazyCompileCache: Sendable {
    private enum State {
        case unopened
        case open(CompileCache)
        case absent(StorageFailure?)
    }

    private let folder: String?
    private let most: ByteCount
    private let state = Mutex(State.unopened)

    init(_ configuration: EngineConfiguration) {
        folder = configuration.compiledFolder
        most = configuration.mostCompiledBytes
    }

    /// Why there is no cache although one was asked for.
    var failure: StorageFailure? {
        state.withLock { state in
            if case .absent(let failure) = state { failure } else { nil }
        }
    }

    @discardableResult
    func open() -> CompileCache? {
        state.withLock { state in
            if case .unopened = state { state = Self.opened(folder, most) }
            if case .open(let cache) = state { return cache }
            return nil
        }
    }

    private static func opened(_ folder: String?, _ most: ByteCount) -> State {
        guard let folder, most.bytes > 0 else { return .absent(nil) }
        if let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
            FolderPath.make(String(folder[..<slash]))
        }
        do throws(StorageFailure) {
            return .open(try CompileCache(folder: folder, most: most))
        } catch {
            return .absent(error)
        }
    }
}
