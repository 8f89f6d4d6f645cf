internal import Domain

/// Who runs the program: a service that is there already, or an engine of our own.
enum RunBackend {
    enum Failure: Error {
        /// Nothing ran.
        case request(RequestError)
        /// What ran, if anything, is not known; it is not tried again.
        case broken(String)
        case interrupted
        /// Our standard output was closed.
        case nobodyReads
    }

    case service(ServiceBackend)
    case engine(EngineBackend)

    var name: String {
        switch self {
        case .service: "service"
        case .engine: "alone"
        }
    }

    /// Runs to the end; what the program printed is on our own descriptors when this returns.
    func run(_ request: RunRequest, interrupts: Interrupts) throws(Failure) -> RunResult {
        switch self {
        case .service(let service): try service.run(request, interrupts: interrupts)
        case .engine(let engine): try engine.run(request, interrupts: interrupts, prints: true)
        }
    }
}
