package import API
internal import Posix
internal import Synchronization
package import Telemetry

/// The service: the API over HTTP, on a unix socket that only its user may open, and over TCP where it is told to.
package final class ServiceServer: Sendable {
    private let socketPath: String
    private let application: Application
    private let configuration: ServiceConfiguration
    private let log: Log
    /// Where it listens besides the socket, once it does.
    package var endpoints: [TCPEndpoint] { listening.withLock { $0 } }
    private let listening = Mutex<[TCPEndpoint]>([])
    private let doors = Mutex<[Door]>([])
    private let stopSignal: AsyncStream<Never>
    private let stopper: AsyncStream<Never>.Continuation

    package init(
        socketPath: String, application: Application, log: Log,
        configuration: ServiceConfiguration = ServiceConfiguration()
    ) {
        self.socketPath = socketPath
        self.application = application
        self.log = log
        self.configuration = configuration
        (stopSignal, stopper) = AsyncStream.makeStream()
    }

    /// Serves until ``stop()`` or cancellation, then waits for the runs under way for as long as the grace
    /// is, cancels the rest, answers them, and returns.
    ///
    /// - Parameter whenListening: Called once when clients can connect.
    /// - Throws: ``ServiceError`` when it cannot begin to serve.
    package func run(whenListening: @Sendable () -> Void = {}) async throws(ServiceError) {
        let listener = try UnixListener.take(path: socketPath)
        let serving: Serving
        do throws(ServiceError) { serving = try await begin(listener) } catch {
            listener.close()
            throw error
        }
        defer { serving.thread.stop() }
        async let watching: Void = serving.thread.perform { serving.watcher.watch() }
        let beating = Task { [application, beat = configuration.beat] in
            while (try? await Task.sleep(for: beat)) != nil { application.beat() }
        }
        log(.info, "listening", ["socket": socketPath])
        for endpoint in serving.endpoints {
            log(
                .info, "listening",
                [
                    "address": "\(endpoint)", "tls": configuration.identity == nil ? "no" : "yes",
                    "key": application.access.isOpen ? "none" : "needed",
                ])
        }
        listening.withLock { $0 = serving.endpoints }
        doors.withLock { $0 = serving.doors }
        whenListening()
        for await _ in stopSignal {}
        listener.close()
        let doors = doors.withLock { doors in
            defer { doors = [] }
            return doors
        }
        for door in doors { door.quiesce() }
        // A task of its own, because being cancelled is one way of being told to stop, and the runs that are
        // under way have their grace nevertheless.
        await Task { await shutDown(serving, doors) }.value
        beating.cancel()
        await watching
        log(.info, "stopped")
    }

    /// Makes ``run(whenListening:)`` return.
    package func stop() { stopper.finish() }

    /// Greets clients that come from now on with another certificate; those that are here are answered once more.
    ///
    /// - Throws: ``ServiceError`` where it is of no use; the old one stays then.
    package func renew(_ identity: TLSIdentity) throws(ServiceError) {
        var renewed = configuration
        renewed.identity = identity
        for door in doors.withLock({ $0 }) where door.isSecure { try door.renew(renewed) }
    }

    private struct Serving: Sendable {
        var doors: [Door] = []
        var endpoints: [TCPEndpoint] = []
        let watcher: PeerWatcher
        let thread: BlockingThread
    }

    private func begin(_ listener: borrowing UnixListener) async throws(ServiceError) -> Serving {
        var serving: Serving
        do throws(SystemFailure) {
            serving = Serving(watcher: try PeerWatcher(), thread: try BlockingThread())
        } catch {
            throw .refused(error)
        }
        do throws(ServiceError) { try open(listener, &serving) } catch {
            for door in serving.doors { await door.stop(grace: .zero) }
            serving.thread.stop()
            throw error
        }
        return serving
    }

    private func open(
        _ listener: borrowing UnixListener, _ serving: inout Serving
    ) throws(ServiceError) {
        for endpoint in configuration.endpoints {
            let tcp = try TCPListener.listen(endpoint)
            guard tcp.isLoopback || !application.access.isOpen else { throw .needsKey(endpoint.description) }
            serving.endpoints.append(tcp.endpoint)
            serving.doors.append(try serve(tcp.take(), serving.watcher, isUnix: false))
        }
        serving.doors.append(try serve(try listener.listen(), serving.watcher, isUnix: true))
    }

    private func serve(
        _ socket: consuming Descriptor, _ watcher: PeerWatcher, isUnix: Bool
    ) throws(ServiceError) -> Door {
        let (application, log) = (application, log)
        return try Door(socket, configuration, isUnix: isUnix) { configuration in
            HTTPDaemon(
                application: application, watcher: watcher, configuration: configuration, isUnix: isUnix,
                log: log)
        }
    }

    private func shutDown(_ serving: Serving, _ doors: [Door]) async {
        let ended = await application.shutDown(grace: configuration.grace, patience: configuration.patience)
        if !ended { log(.warning, "runs_abandoned") }
        for door in doors { await door.stop(grace: ended ? .seconds(1) : .milliseconds(50)) }
        serving.watcher.stop()
    }
}
