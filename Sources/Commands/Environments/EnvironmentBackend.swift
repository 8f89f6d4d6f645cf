internal import API
internal import Domain

/// Who keeps environments for a command: a service that is there, or an engine of our own.
///
/// Both answer as the API does.
enum EnvironmentBackend {
    case service(EnvironmentClient)
    case alone(any Runner, Interrupts)

    init(_ invocation: Invocation, _ interrupts: Interrupts) throws(RunBackend.Failure) {
        if !invocation.parsed.has(RunFlags.alone),
            let client = try EnvironmentClient(try invocation.place(), interrupts: interrupts)
        {
            self = .service(client)
            return
        }
        let configuration = AloneConfiguration(
            data: invocation.dataFolder, allowed: invocation.parsed.values(RunFlags.allow), verbose: false,
            toolchains: invocation.toolchainFile, variables: invocation.environment)
        do throws(RequestError) {
            self = .alone(try invocation.makeRunner(configuration), interrupts)
        } catch {
            throw .request(error)
        }
    }

    func list() throws(RunBackend.Failure) -> [UInt8] {
        switch self {
        case .service(let client): return try client.ask("GET", "/v1/environments")
        case .alone(let runner, let interrupts):
            return try Waiter.wait(interrupts) { (_) async throws(RequestError) in
                let (kept, underWay) = try await Self.keeper(of: runner).list()
                return EnvironmentEncoder.encode(list: kept, underWay: underWay)
            }
        }
    }

    func build(
        _ wish: EnvironmentWish, progress: (String) -> Void
    ) throws(RunBackend.Failure) -> [UInt8] {
        switch self {
        case .service(let client): return try client.build(wish, progress: progress)
        case .alone(let runner, let interrupts):
            return try Waiter.wait(interrupts, progress: progress) { (say) async throws(RequestError) in
                EnvironmentEncoder.encode(.ready(try await Self.keeper(of: runner).make(wish, progress: say)))
            }
        }
    }

    func show(_ id: String, verifies: Bool) throws(RunBackend.Failure) -> [UInt8] {
        switch self {
        case .service(let client):
            return try client.ask("GET", "/v1/environments/\(id)" + (verifies ? "?verify=true" : ""))
        case .alone(let runner, let interrupts):
            return try Waiter.wait(interrupts) { (_) async throws(RequestError) in
                guard let state = try await Self.keeper(of: runner).find(id) else { throw Self.unknown }
                guard verifies, case .ready(let record) = state else {
                    return EnvironmentEncoder.encode(state)
                }
                guard let condition = try await Self.keeper(of: runner).verify(record.hash) else {
                    throw Self.unknown
                }
                return EnvironmentEncoder.encode(record, condition: condition)
            }
        }
    }

    func remove(_ id: String) throws(RunBackend.Failure) -> [UInt8] {
        switch self {
        case .service(let client): return try client.ask("DELETE", "/v1/environments/\(id)")
        case .alone(let runner, let interrupts):
            return try Waiter.wait(interrupts) { (_) async throws(RequestError) in
                switch try await Self.keeper(of: runner).remove(id) {
                case .removed: return Array("{\"id\":\"\(id)\",\"state\":\"removed\"}".utf8)
                case .absent: throw Self.unknown
                case .inUse:
                    throw RequestError(.conflict, "environment: is in use by a run just now; try again")
                }
            }
        }
    }

    func collect(to mebibytes: Int?) throws(RunBackend.Failure) -> [UInt8] {
        switch self {
        case .service(let client):
            return try client.ask("DELETE", "/v1/environments" + (mebibytes.map { "?most_mb=\($0)" } ?? ""))
        case .alone(let runner, let interrupts):
            return try Waiter.wait(interrupts) { (_) async throws(RequestError) in
                EnvironmentEncoder.encode(
                    try await Self.keeper(of: runner).collect(to: mebibytes.map(ByteCount.mebibytes)))
            }
        }
    }

    private static func keeper(of runner: any Runner) throws(RequestError) -> any EnvironmentKeeper {
        guard let keeper = runner.environments else {
            throw RequestError(.unsupported, "this engine keeps no environments")
        }
        return keeper
    }

    private static let unknown = RequestError(
        .notFound, "environment: there is none of this id; 'diatom env' lists what there is")
}
