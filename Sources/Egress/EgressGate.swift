package import Domain
package import Posix
internal import Synchronization

/// The one way from sandboxes to the network, for all runs of an engine that have one.
///
/// It costs nothing before the first of them: threads and descriptors begin with it.
package final class EgressGate: Sendable {
    package let configuration: EgressConfiguration
    private let resolver: any NameResolver
    private let loop = Mutex<EgressLoop?>(nil)

    package init(_ configuration: EgressConfiguration, resolver: any NameResolver = SystemResolver()) {
        self.configuration = configuration
        self.resolver = resolver
    }

    deinit { loop.withLock { $0?.stop() } }

    /// Makes a network for a run.
    ///
    /// - Parameters:
    ///   - policy: What the run may reach.
    ///   - privately: What of it may have a private address, besides what the configuration lists; never a request's word.
    ///   - tell: Called of what it is refused, at most once for each thing.
    /// - Returns: The network, and the socket that init is to be given.
    /// - Throws: ``SystemFailure`` when descriptors are short.
    package func open(
        _ policy: NetworkPolicy, privately: [NetworkPolicy.Endpoint] = [],
        tell: @escaping @Sendable (NetworkDenial) -> Void
    ) throws(SystemFailure) -> (session: EgressSession, socket: SharedDescriptor) {
        let loop = try loop.withLock { loop throws(SystemFailure) in
            if let loop { return loop }
            let made = try EgressLoop(configuration, resolver)
            loop = made
            return made
        }
        var pair = try Pair.sockets()
        let theirs = SharedDescriptor(pair.takeSecond())
        let session = try EgressSession(
            policy, privately: privately, control: pair.takeFirst(), loop: loop, tell: tell)
        loop.add(session)
        return (session, theirs)
    }
}
