/// Where the service keeps its data and its socket.
enum DataFolder {
    static let socketName = "diatom.sock"

    /// `--data`, else `DIATOM_DATA`, else the state folder of the user, or of the machine for root.
    static func path(given: String?, environment: [String: String], isRoot: Bool) -> String {
        if let given, !given.isEmpty { return given }
        if let path = environment["DIATOM_DATA"], !path.isEmpty { return path }
        if isRoot { return "/var/lib/diatom" }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/diatom" }
        return (environment["HOME"] ?? "/nonexistent") + "/.local/state/diatom"
    }
}
