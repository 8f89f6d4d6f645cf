internal import Domain
internal import Glibc
internal import Languages
internal import Posix
internal import Storage
internal import Synchronization
internal import Workers

/// The environments of an engine: found by what is asked for, made when they are not there.
final class Environments: Sendable {
    private let configuration: EngineConfiguration
    let catalogue: LanguageCatalogue
    private let opened: Result<EnvironmentStore, StorageFailure>?
    private let thread: Result<BlockingThread, SystemFailure>
    private let flights = EnvironmentFlights()
    private let turns = BuildTurns(Environments.atOnce)
    /// How builds that nobody waited for failed, by their id.
    private let failures = Mutex<[String: RequestError]>([:])
    /// Set once, right after the engine is made.
    private let link = Mutex<(@Sendable () async throws(RequestError) -> JailerLink)?>(nil)

    private static let atOnce = 2

    /// Opens the store at once: a jailer shows its folder from its own start on.
    init(_ configuration: EngineConfiguration, catalogue: LanguageCatalogue) {
        self.configuration = configuration
        self.catalogue = catalogue
        thread = Result { () throws(SystemFailure) in try BlockingThread() }
        opened = configuration.environmentsFolder.map { folder in
            Result { () throws(StorageFailure) in
                try EnvironmentStore(folder: folder, most: configuration.mostEnvironmentBytes)
            }
        }
    }

    deinit { if case .success(let thread) = thread { thread.stop() } }

    func use(_ link: @escaping @Sendable () async throws(RequestError) -> JailerLink) {
        self.link.withLock { $0 = link }
    }

    /// The folder for a jailer to show, and why there is none where one was asked for.
    var shownFolder: String? { if case .success(let store)? = opened { store.shownFolder } else { nil } }
    var failure: StorageFailure? { if case .failure(let failure)? = opened { failure } else { nil } }

    private func parts() throws(RequestError) -> (EnvironmentStore, BlockingThread) {
        switch (opened, thread) {
        case (.success(let store)?, .success(let thread)): return (store, thread)
        case (nil, _):
            throw RequestError(
                .unsupported, "libraries: this engine keeps no environments; leave the field out",
                field: "libraries")
        case (.failure(let failure)?, _):
            throw RequestError(.unreachable, "libraries: environments cannot be kept: \(failure.message)")
        case (_, .failure(let failure)):
            throw RequestError(.unreachable, "libraries: environments cannot be kept: \(failure)")
        }
    }

    /// What a run's environment is, at once where it is known, else as it is made.
    enum Seat {
        case ready(EnvironmentLease)
        case coming(AsyncStream<EnvironmentUpdate>)
    }

    /// The hash of what a wish means just now; nil where that is to be found out.
    func known(_ wish: LibraryWish, python: String) -> String? {
        guard let (store, _) = try? parts(),
            let locked = store.recall(key(of: wish, python: python), within: EnvironmentBuilder.memory)
        else { return nil }
        return locked.hash(index: configuration.libraryIndex.identity)
    }

    /// `python`: The path of the interpreter that the environment is for.
    func board(_ wish: LibraryWish, python: String) async throws(RequestError) -> Seat {
        let (store, thread) = try parts()
        let key = key(of: wish, python: python)
        let index = configuration.libraryIndex
        // A few small files: no need to go to another thread.
        if let locked = store.recall(key, within: EnvironmentBuilder.memory),
            let lease = store.lease(locked.hash(index: index.identity))
        {
            return .ready(lease)
        }
        guard let connect = link.withLock({ $0 }) else {
            throw RequestError(.unreachable, "libraries: the engine is not ready")
        }
        let (size, turns) = (configuration.environmentBuildSize, turns)
        return .coming(
            flights.board(key, libraries: wish.requirements.map(\.description)) {
                (say) async throws(RequestError) in
                say(
                    "making an environment of \(wish.requirements.map(\.name).joined(separator: ", ").shortened(to: 120))"
                )
                guard await turns.enter() else {
                    throw RequestError(.unreachable, "libraries: making the environment was cancelled")
                }
                defer { turns.leave() }
                let builder = EnvironmentBuilder(
                    key: key, wish: wish, python: python, index: index, size: size, store: store,
                    link: try await connect(), thread: thread, say: say)
                return try await builder.make()
            })
    }

    /// Everything that can change what a request means.
    private func key(of wish: LibraryWish, python: String) -> String {
        var digest = ContentDigest()
        digest.add(1)
        digest.add(python)
        var state = stat()
        if stat(python, &state) == 0 {
            for number in [Int(state.st_size), Int(state.st_ino), state.st_mtim.tv_sec] { digest.add(number) }
        }
        digest.add(configuration.libraryIndex.identity)
        digest.add(wish.builds ? 1 : 0)
        digest.add(wish.requirements.count)
        for requirement in wish.requirements { digest.add(requirement.description) }
        return String(digest.hexadecimal().prefix(32))
    }
}

extension Environments: EnvironmentKeeper {
    func list() async throws(RequestError) -> (kept: [EnvironmentRecord], underWay: [EnvironmentBuild]) {
        let (store, thread) = try parts()
        return (await thread.perform { store.list() }, flights.underWay)
    }

    func find(_ id: String) async throws(RequestError) -> EnvironmentState? {
        let (store, thread) = try parts()
        if let record = await thread.perform({ store.find(id) }) { return .ready(record) }
        if let build = flights.underWay.first(where: { $0.id == id }) { return .building(build) }
        if let failure = failures.withLock({ $0[id] }) { return .failed(failure) }
        guard EnvironmentRecord.isHash(id),
            let locked = await thread.perform({ store.recall(id, within: EnvironmentBuilder.memory) })
        else { return nil }
        let hash = locked.hash(index: configuration.libraryIndex.identity)
        return await thread.perform { store.find(hash) }.map(EnvironmentState.ready)
    }

    func make(
        _ wish: EnvironmentWish, progress: @escaping @Sendable (String) -> Void
    ) async throws(RequestError) -> EnvironmentRecord {
        try await Self.lease(try await seat(wish), progress).record
    }

    func begin(_ wish: EnvironmentWish) async throws(RequestError) -> EnvironmentState {
        let (libraries, python) = try plan(wish)
        let id = key(of: libraries, python: python)
        switch try await board(libraries, python: python) {
        case .ready(let lease): return .ready(lease.record)
        case .coming(let updates):
            failures.withLock { $0[id] = nil }
            Task {
                for await case .failed(let error) in updates {
                    self.failures.withLock { failures in
                        if failures.count >= 1_000 { failures.removeAll() }
                        failures[id] = error
                    }
                }
            }
            let names = libraries.requirements.map(\.description)
            return .building(EnvironmentBuild(id: id, libraries: names, progress: "waiting to begin"))
        }
    }

    func remove(_ hash: String) async throws(RequestError) -> EnvironmentRemoval {
        let (store, thread) = try parts()
        switch await thread.perform({ store.remove(hash) }) {
        case .removed: return .removed
        case .inUse: return .inUse
        case .absent: return .absent
        }
    }

    func verify(_ hash: String) async throws(RequestError) -> EnvironmentCondition? {
        let (store, thread) = try parts()
        switch await thread.perform({ store.verify(hash) }) {
        case .whole: return .whole
        case .absent: return nil
        case .damaged(let why):
            // What is known to be damaged serves nobody; what runs with it goes on with what it has.
            _ = await thread.perform { store.remove(hash) }
            return .damaged(why)
        }
    }

    func collect(to bound: ByteCount?) async throws(RequestError) -> EnvironmentSweep {
        let (store, thread) = try parts()
        let (removed, freed) = await thread.perform { store.collect(to: bound) }
        return EnvironmentSweep(removed: removed, freed: freed)
    }

    private func seat(_ wish: EnvironmentWish) async throws(RequestError) -> Seat {
        let (libraries, python) = try plan(wish)
        return try await board(libraries, python: python)
    }

    /// What is to be made, and for which interpreter.
    private func plan(_ wish: EnvironmentWish) throws(RequestError) -> (LibraryWish, String) {
        guard !wish.libraries.isEmpty, wish.libraries.count <= Requirement.most else {
            throw RequestError(
                .invalidValue, "libraries: name 1 to \(Requirement.most) of them", field: "libraries")
        }
        let found: LanguagePack?
        do throws(LanguageCatalogue.Malformed) {
            found = try catalogue.pack(named: wish.language ?? "python")
        } catch {
            throw RequestError(.unsupported, "language: the pack \(error.pack) is malformed: \(error.reason)")
        }
        guard let pack = found, pack.takesLibraries else {
            throw RequestError(
                .unsupported,
                "language: '\((wish.language ?? "").shortened(to: 64))' takes no libraries in this version, Python does",
                field: "language")
        }
        do throws(LanguagePack.Missing) {
            let python = try pack.locatePrograms()["python3"] ?? ""
            return (LibraryWish(requirements: wish.libraries, builds: wish.builds), python)
        } catch {
            throw RequestError(
                .notInstalled, "language: \(pack.id) is not installed; \(error.install)", field: "language")
        }
    }

    /// The lease of a seat, once it is there.
    static func lease(
        _ seat: Seat, _ progress: (String) async -> Void
    ) async throws(RequestError) -> EnvironmentLease {
        guard case .coming(let updates) = seat else {
            if case .ready(let lease) = seat { return lease }
            throw RequestError(.unreachable, "libraries: the engine is not ready")
        }
        for await update in updates {
            switch update {
            case .progress(let text): await progress(text)
            case .ready(let lease): return lease
            case .failed(let error): throw error
            }
        }
        throw RequestError(.unreachable, "libraries: making the environment was cancelled")
    }
}
