internal import Posix
internal import Synchronization

/// Sends requests to the outside, several at the same time; whoever asks bounds how many.
package final class Couriers: Sendable {
    /// Kept for what comes next; those beyond end with what they were started for.
    private static let mostIdle = 4

    private let program: String
    private let environment: [String]
    private let idle = Mutex<[Courier]>([])

    /// - Parameters:
    ///   - program: The path of diatom-courier.
    ///   - environment: Its own: proxies and certificates.
    package init(program: String, environment: [String]) {
        self.program = program
        self.environment = environment
    }

    package func send(_ request: OutboundRequest) async -> OutboundAnswer {
        guard request.body.count <= OutboundRequest.mostBody else {
            return .failed("a body of \(request.body.count) bytes is larger than can be sent")
        }
        if let known = takeIdle() { return await send(request, by: known) }
        do throws(SystemFailure) {
            return await send(request, by: try Courier(program: program, environment: environment))
        } catch {
            return .failed("diatom-courier could not be started: \(error)")
        }
    }

    private func send(_ request: OutboundRequest, by courier: Courier) async -> OutboundAnswer {
        guard let answer = await courier.send(request) else {
            return .failed("diatom-courier ended, or did not answer in time")
        }
        idle.withLock { if $0.count < Self.mostIdle { $0.append(courier) } }
        return answer
    }

    private func takeIdle() -> Courier? {
        idle.withLock { idle in
            while let courier = idle.popLast() {
                if courier.isThere { return courier }
            }
            return nil
        }
    }

    /// Lets go of those that have ended by themselves.
    package func tidy() { idle.withLock { $0.removeAll { !$0.isThere } } }
}
