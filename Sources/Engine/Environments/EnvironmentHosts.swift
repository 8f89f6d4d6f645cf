internal import Domain
internal import Posix
internal import Synchronization
internal import Workers

/// Keeps warm hosts of environments: started in the background once a run has used one, asked for by those that follow.
///
/// A host is one key's and one environment's. What it says is never believed; whether a run can be forked from it is
/// the jailer's word, and where it says no the run is started in another way.
final class EnvironmentHosts: Sendable {
    private struct Name: Hashable {
        var key: KeyID
        var environment: String
    }

    /// `unfit`: Not to be tried again.
    private enum Phase { case starting, ready, failed, unfit }

    private struct Host {
        var phase = Phase.starting
        /// What it was told to import, and what else programs have imported since.
        var preloaded: [String]
        var missed: [String] = []
        var number: Int
        /// Ends when the host does.
        var task: Task<Void, Never>?
        /// When another may be started; monotonic nanoseconds.
        var retryAt: Int64 = 0
    }

    private struct State {
        var hosts: [Name: Host] = [:]
        var number = 0
    }

    private let state = Mutex(State())
    private let most: ByteCount

    /// `most`: What a host may hold of memory, its maximum for runs.
    init(most: ByteCount) { self.most = most }

    deinit { state.withLock { state in for host in state.hosts.values { host.task?.cancel() } } }

    /// After a host that failed, or ended by itself.
    private static let pause: Int64 = 30_000_000_000
    private static let mostRemembered = 1_000

    /// Whether a run of an environment can be asked of a host just now.
    func isReady(_ image: EnvironmentImage, for key: KeyID) -> Bool {
        state.withLock { $0.hosts[Name(key: key, environment: image.hash)]?.phase == .ready }
    }

    /// There is no host, says the jailer.
    func isMissing(_ image: EnvironmentImage, for key: KeyID) {
        state.withLock { state in
            let name = Name(key: key, environment: image.hash)
            if state.hosts[name]?.phase == .ready { state.hosts[name]?.phase = .failed }
        }
    }

    /// A program of an environment has been run: the next one may find a host that has its modules already.
    func hasRun(_ request: RunRequest, in image: EnvironmentImage, over link: JailerLink) {
        let name = Name(key: request.key, environment: image.hash)
        let imported = ImportScan.names(in: request.files, of: image.modules)
        guard !imported.isEmpty, let (number, names) = claim(name, imported) else { return }
        do throws(SystemFailure) {
            let session = try link.start(order(image, names, key: request.key))
            let tell: @Sendable (News) -> Void = { [weak self] in self?.hear($0, name, number) }
            let task = Task { await Self.follow(session, tell: tell) }
            state.withLock { $0.hosts[name]?.task = task }
        } catch { hear(.ended, name, number) }
    }

    /// Decides whether to start a host, and with which modules; its phase is `starting` then.
    private func claim(_ name: Name, _ imported: [String]) -> (Int, [String])? {
        state.withLock { state in
            var preloaded: [String] = []
            if var host = state.hosts[name] {
                host.missed += imported.filter { !host.preloaded.contains($0) && !host.missed.contains($0) }
                state.hosts[name] = host
                let lacks = host.phase == .ready && !host.missed.isEmpty
                guard lacks || host.phase == .failed, host.retryAt <= Monotonic.now() else { return nil }
                preloaded = host.preloaded + host.missed
            } else {
                guard state.hosts.count < Self.mostRemembered else { return nil }
                preloaded = imported
            }
            state.number += 1
            let retryAt = Monotonic.now() + Self.pause
            state.hosts[name] = Host(preloaded: preloaded, number: state.number, retryAt: retryAt)
            return (state.number, preloaded)
        }
    }

    private func order(_ image: EnvironmentImage, _ names: [String], key: KeyID) -> StepOrder {
        var limits = Limits(.run)
        limits.wall = .seconds(60)
        limits.cpu = .seconds(600)
        limits.memory = ByteCount(bytes: min(most.bytes, 2 << 30))
        let variables = ["DIATOM_ENVIRONMENT": image.folder, "DIATOM_PRELOAD": names.joined(separator: ",")]
        var order = StepOrder(
            host: .python, arguments: [Array("python3".utf8)],
            environment: variables.map { EnvironmentVariable(name: $0.key, value: $0.value) }, files: [],
            stdin: .bytes([]), limits: limits, key: key)
        order.confined = image.hash
        order.isHost = true
        return order
    }

    private enum News { case ready, hasSpoken, ended }

    private static func follow(_ session: StepSession, tell: @Sendable (News) -> Void) async {
        var isReady = false
        var hasSpoken = false
        await withTaskCancellationHandler {
            while let event = await session.channel.next() {
                switch event {
                case .started where !hasSpoken:
                    isReady = true
                    tell(.ready)
                case .output where !isReady && !hasSpoken:
                    // A module that prints when it is imported would do so in every run, and its host does it once.
                    hasSpoken = true
                    tell(.hasSpoken)
                    session.cancel()
                case .started, .output, .found, .denied: break
                case .ended, .failed, .unhosted: tell(.ended)
                }
            }
        } onCancel: {
            session.cancel()
        }
    }

    private func hear(_ news: News, _ name: Name, _ number: Int) {
        state.withLock { state in
            guard var host = state.hosts[name], host.number == number else { return }
            switch news {
            case .ready: host.phase = .ready
            case .hasSpoken: host.phase = .unfit
            case .ended where host.phase == .unfit: host.task = nil
            case .ended:
                host.phase = .failed
                host.task = nil
            }
            state.hosts[name] = host
        }
    }
}
