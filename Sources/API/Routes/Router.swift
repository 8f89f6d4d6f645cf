internal import Domain

/// Finds the route of a path, which must match to the byte.
struct Router: Sendable {
    enum Match {
        case route(Route, RouteParameters)
        /// The path is there, for other methods.
        case otherMethods([String])
        case nothing

        /// What it is called where nobody may choose the name.
        var operation: String {
            if case .route(let route, _) = self { return route.operation }
            return "none"
        }
    }

    /// All routes of one pattern.
    private struct Place: Sendable {
        var segments: [Substring]
        var routes: [Route]

        /// What stands where the pattern has braces, or nil if the path is another.
        func parameters(_ path: [Substring]) -> RouteParameters? {
            var parameters = RouteParameters()
            for (index, segment) in segments.enumerated() {
                if segment.hasSuffix("…}") {
                    guard path.count > index else { return nil }
                    parameters.values.append(path[index...].joined(separator: "/"))
                    return parameters
                }
                guard index < path.count else { return nil }
                if segment.hasPrefix("{") {
                    guard !path[index].isEmpty else { return nil }
                    parameters.values.append(String(path[index]))
                } else if segment != path[index] {
                    return nil
                }
            }
            return path.count == segments.count ? parameters : nil
        }
    }

    private var fixed: [String: [Route]] = [:]
    private var open: [Place] = []

    init(_ routes: [Route]) {
        for (pattern, routes) in Dictionary(grouping: routes, by: \.pattern) {
            if pattern.contains("{") {
                open.append(Place(segments: Self.split(pattern), routes: routes))
            } else {
                fixed[pattern] = routes
            }
        }
    }

    func match(_ method: String, _ path: String) -> Match {
        if let routes = fixed[path] { return choose(method, routes, RouteParameters()) }
        let segments = Self.split(path)
        for place in open {
            guard let parameters = place.parameters(segments) else { continue }
            return choose(method, place.routes, parameters)
        }
        return .nothing
    }

    private func choose(_ method: String, _ routes: [Route], _ parameters: RouteParameters) -> Match {
        let wanted = method == "HEAD" ? "GET" : method
        if let route = routes.first(where: { $0.method == wanted }) { return .route(route, parameters) }
        let methods = routes.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] }
        return .otherMethods(methods.sorted())
    }

    private static func split(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}
