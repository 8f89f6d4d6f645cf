package import API
internal import Posix
package import Telemetry

/// The service: the API over HTTP on a unix socket that only its user may open.
package final class ServiceServer: Sendable {
    private let socketPath: String
    private let application: Application
    private let configuration: ServiceConfiguration
    private let log: Log
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
        let daemon: HTTPDaemon
        let thread: BlockingThread
        do throws(SystemFailure) {
            let watcher = try PeerWatcher()
            daemon = HTTPDaemon(
                application: application, watcher: watcher, configuration: configuration, log: log)
            thread = try BlockingThread()
        } catch {
            listener.close()
            throw .refused(error)
        }
        defer { thread.stop() }
        do throws(ServiceError) {
            try daemon.start(try listener.listen(), configuration)
        } catch {
            listener.close()
            throw error
        }
        async let watching: Void = thread.perform { daemon.watcher.watch() }
        log(.info, "listening", ["socket": socketPath])
        whenListening()
        for await _ in stopSignal {}
        listener.close()
        daemon.quiesce()
        // A task of its own, because being cancelled is one way of being told to stop, and the runs that are
        // under way have their grace nevertheless.
        await Task { await shutDown(daemon) }.value
        await watching
        log(.info, "stopped")
    }

    /// Makes ``run(whenListening:)`` return.
    package func stop() { stopper.finish() }

    private func shutDown(_ daemon: HTTPDaemon) async {
        let ended = await application.shutDown(grace: configuration.grace, patience: configuration.patience)
        if !ended { log(.warning, "runs_abandoned") }
        await daemon.stop(grace: ended ? .seconds(1) : .milliseconds(50))
        daemon.watcher.stop()
    }
}
