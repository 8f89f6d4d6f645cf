internal import Commands
internal import Domain
internal import Engine
internal import Glibc
internal import Posix

/// A command alone: a jailer of its own that lives and dies with it, and no warm hosts.
@Sendable func makeRunner(_ alone: AloneConfiguration) throws(RequestError) -> any Runner {
    var configuration = EngineConfiguration(jailer: ChildProcess.ownFolder() + "/diatom-jailer")
    configuration.allowed = alone.allowed
    configuration.keepsWarmHosts = false
    do throws(SystemFailure) { return try RunEngine(configuration) } catch {
        throw RequestError(.isolationUnavailable, "the jailer cannot be started: \(error)")
    }
}

exit(Commands.main(makeRunner: makeRunner))
