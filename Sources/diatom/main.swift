internal import Commands
internal import Domain
internal import Engine
internal import Glibc
internal import Languages
internal import Posix

/// A command alone: a jailer of its own that lives and dies with it, and a warm host only where one is asked for.
@Sendable func makeRunner(_ alone: AloneConfiguration) throws(RequestError) -> any Runner {
    var configuration = EngineConfiguration(jailer: ChildProcess.ownFolder() + "/diatom-jailer")
    configuration.allowed = alone.allowed
    configuration.keepsWarmHosts = alone.isWarm
    configuration.compiledFolder = alone.data + "/compiled-alone"
    configuration.toolchains = alone.toolchains
    configuration.environmentsFolder = alone.data + "/environments-alone"
    configuration.libraryIndex = PipConfiguration.index(environment: alone.variables)
    configuration.privateEndpoints = alone.privateEndpoints
    let catalogue: LanguageCatalogue
    do throws(Toolchains.Unreadable) {
        catalogue = LanguageCatalogue(toolchains: try Toolchains.load(alone.toolchains))
    } catch {
        throw RequestError(.notInstalled, "\(error)")
    }
    do throws(SystemFailure) { return try RunEngine(configuration, catalogue: catalogue) } catch {
        throw RequestError(.isolationUnavailable, "the jailer cannot be started: \(error)")
    }
}

exit(Commands.main(makeRunner: makeRunner))
