internal import Domain
internal import Languages
internal import Posix
internal import Storage
internal import Workers

/// Makes the environment of one request: resolve, fetch, lay out, publish.
///
/// It runs while at least one run waits for it, and never twice for the same request at the same time.
struct EnvironmentBuilder {
    /// How long the answer to a request stands before it is asked again.
    static let memory = Duration.seconds(7 * 24 * 3_600)
    private static let mostBuilt = 8

    let key: String
    let wish: LibraryWish
    let python: String
    let index: LibraryIndex
    let size: ByteCount
    let store: EnvironmentStore
    let link: JailerLink
    let thread: BlockingThread
    let say: @Sendable (String) -> Void

    func make() async throws(RequestError) -> EnvironmentLease {
        let right = try await lock()
        defer { withExtendedLifetime(right) {} }
        if let found = await known() { return found }
        guard SmallFile.exists(BuilderOrder.uv) else {
            throw RequestError(
                .notInstalled,
                "libraries: uv, which makes environments, is not installed; run 'make uv' as root",
                field: "libraries")
        }
        let (locked, wheels) = try await lockedWheels()
        let hash = locked.hash(index: index.identity)
        if let there = await thread.perform({ store.lease(hash) }) {
            try await remember(locked)
            return there
        }
        try await install(wheels, locked, hash)
        try await remember(locked)
        guard let made = await thread.perform({ store.lease(hash) }) else {
            throw RequestError(
                .unreachable, "libraries: the environment was damaged while it was kept; try again")
        }
        // Nobody waits for what makes room; what is cut off half-way is swept by the next process.
        Task { [store, thread] in _ = await thread.perform { store.collect() } }
        say("the environment \(hash.prefix(12)) is ready")
        return made
    }

    /// Waits for another process that makes the same.
    private func lock() async throws(RequestError) -> RequestLock {
        var isFirst = true
        while true {
            if let right = await thread.perform({ store.lock(key) }) { return right }
            if isFirst { say("waiting for another process that makes the same environment") }
            isFirst = false
            do { try await Task.sleep(for: .milliseconds(100)) } catch {
                throw RequestError(.unreachable, "libraries: making the environment was cancelled")
            }
        }
    }

    private func known() async -> EnvironmentLease? {
        await thread.perform {
            store.recall(key, within: Self.memory).flatMap { store.lease($0.hash(index: index.identity)) }
        }
    }

    private func remember(_ locked: LockedSet) async throws(RequestError) {
        do throws(StorageFailure) {
            try await thread.perform { () throws(StorageFailure) in try store.remember(key, locked) }
        } catch {
            throw RequestError(.unreachable, "libraries: the environment cannot be kept: \(error.message)")
        }
    }

    /// What the request means, and its wheels: as it was resolved before where all of them are still here.
    private func lockedWheels() async throws(RequestError) -> (LockedSet, [WheelLease]) {
        if let locked = await thread.perform({ store.recall(key, within: Self.memory) }),
            let wheels = await leases(locked.wheels)
        {
            return (locked, wheels)
        }
        for _ in 0..<2 {
            let locked = try await resolve()
            if let wheels = await leases(locked.wheels) { return (locked, wheels) }
        }
        throw RequestError(
            .unreachable, "libraries: their wheels do not stay in the store; raise --environments-mb")
    }

    private func leases(_ wheels: [LockedSet.Wheel]) async -> [WheelLease]? {
        await thread.perform {
            let leases = wheels.compactMap { store.wheel($0.sha256, file: $0.file) }
            return leases.count == wheels.count ? leases : nil
        }
    }

    private func resolve() async throws(RequestError) -> LockedSet {
        var built: [WheelLease] = []
        while true {
            let known = await thread.perform { store.wheelDigests }
            let answer = try await perform(
                .resolve(wish.requirements, known: known, built: built, builds: wish.builds),
                into: wheelTarget)
            for message in answer {
                switch message {
                case .lock(let python, let platform, let wheels):
                    return LockedSet(
                        python: python, platform: platform, wheels: wheels, resolved: WallClock.now())
                case .needsBuild(let source, let wheels):
                    guard built.count < Self.mostBuilt else {
                        throw RequestError(
                            .environmentFailed,
                            "libraries: more than \(Self.mostBuilt) of them would have to be built; name some that have wheels",
                            field: "libraries")
                    }
                    built.append(try await build(source, with: wheels))
                default: continue
                }
            }
            guard answer.contains(where: { if case .needsBuild = $0 { true } else { false } }) else {
                throw RequestError(.environmentFailed, "libraries: uv gave no answer", field: "libraries")
            }
        }
    }

    /// The wheel of a source distribution, built where strangers' code reaches nothing; once for each source.
    private func build(
        _ source: LockedSet.Wheel, with wheels: [LockedSet.Wheel]
    ) async throws(RequestError) -> WheelLease {
        let known = "source-" + source.sha256
        if let before = await thread.perform({ store.recall(known, within: .seconds(10 * 365 * 86_400)) }),
            let wheel = await leases(before.wheels)?.first
        {
            return wheel
        }
        guard let sources = await leases([source]), let tools = await leases(wheels) else {
            throw RequestError(
                .unreachable, "libraries: a source does not stay in the store; raise --environments-mb")
        }
        let reader = BuilderReader(wheelTarget, say: say)
        _ = try await run.perform(order(.build(name: source.name, source: sources[0], with: tools)), reader)
        guard let (sha256, file) = reader.delivered.first,
            let wheel = await thread.perform({ store.wheel(sha256, file: file) })
        else {
            throw RequestError(
                .environmentFailed, "libraries: \(source.name) was built to no wheel", field: "libraries")
        }
        let made = LockedSet.Wheel(name: source.name, version: source.version, file: file, sha256: sha256)
        let locked = LockedSet(python: "- -", platform: "-", wheels: [made], resolved: WallClock.now())
        _ = await thread.perform { try? store.remember(known, locked) }
        return wheel
    }

    private func install(
        _ wheels: [WheelLease], _ locked: LockedSet, _ hash: String
    ) async throws(RequestError) {
        let draft: EnvironmentDraft
        do throws(StorageFailure) {
            draft = try await thread.perform { () throws(StorageFailure) in try store.draft(most: size) }
        } catch {
            throw RequestError(.unreachable, "libraries: the environment cannot be kept: \(error.message)")
        }
        let record = EnvironmentRecord(
            hash: hash, python: locked.python, platform: locked.platform, libraries: locked.libraries,
            created: WallClock.now(), used: 0)
        _ = try await perform(
            .install(wheels, place: record.folder), into: .environment(draft))
        do throws(StorageFailure) {
            try await thread.perform { () throws(StorageFailure) in try store.publish(draft, as: record) }
        } catch {
            throw RequestError(.unreachable, "libraries: the environment cannot be kept: \(error.message)")
        }
    }

    private var wheelTarget: BuilderReader.Target { .wheels(store, most: size) }
    private var run: BuilderRun { BuilderRun(link: link, thread: thread, index: index) }

    private func order(_ work: BuilderOrder.Work) -> BuilderOrder {
        BuilderOrder(work: work, python: python, index: index, size: size)
    }

    private func perform(
        _ work: BuilderOrder.Work, into target: BuilderReader.Target
    ) async throws(RequestError) -> [BuilderMessage] {
        try await run.perform(order(work), BuilderReader(target, say: say))
    }
}
