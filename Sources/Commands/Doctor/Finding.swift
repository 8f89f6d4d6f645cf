/// One row of the doctor's report: whether something is in force, why, and what mends it.
struct Finding: Hashable, Sendable {
    enum State: String, Hashable, Sendable {
        case inForce = "in_force"
        /// Works, with less than it could give.
        case limited
        case missing
        /// Nothing could look.
        case unknown
    }

    enum Group: String, Hashable, Sendable, CaseIterable {
        case layers, limits, groups = "control_groups", host, runtimes, tools, service

        var title: String {
            switch self {
            case .layers: "Layers of isolation, seen from inside a sandbox"
            case .limits: "Limits, each reached on purpose"
            case .groups: "Control groups"
            case .host: "Machine"
            case .runtimes: "Runtimes"
            case .tools: "Tools"
            case .service: "Service"
            }
        }
    }

    var group: Group
    var name: String
    var state: State
    var why: String
    /// A command, or what to do where there is none.
    var mend: String?

    init(_ group: Group, _ name: String, _ state: State, _ why: String, mend: String? = nil) {
        self.group = group
        self.name = name
        self.state = state
        self.why = why
        self.mend = mend
    }
}
