internal import Domain

/// The layers of isolation, judged by what a program inside saw and was refused.
struct LayerFindings {
    var view: InsideView
    var receipt: Receipt
    /// Our own namespaces, as in `/proc/self/ns`.
    var outside: [String: String]
    var landlockABI: Int
    /// The security modules of the kernel, where it tells.
    var modules: String?

    var all: [Finding] {
        guard view.hasProc else { return withoutProc }
        return namespaces + [seccomp, landlock, capabilities, privileges, rlimits, proc]
    }

    /// The receipt alone speaks where nothing inside can look.
    private var withoutProc: [Finding] {
        let told = receipt.layers.map {
            Finding(.layers, $0, .unknown, "the receipt says so; without /proc nothing inside can look")
        }
        let proc = Finding(
            .layers, "proc", .missing, "a sandbox has no /proc, as --allow proc:absent asks for",
            mend: MaskedProc.mend)
        return told + [rlimits, proc]
    }

    private var namespaces: [Finding] {
        let processes = view.facts["processes"] ?? "?"
        let writes = view.facts["writes"] ?? "?"
        let readOnly = view.mounts.first { $0.point == "/" }?.options.hasPrefix("ro") ?? false
        let onlyLoopback = view.interfaces == ["lo"]
        return [
            namespace(
                "user", "user", and: view.facts["uid"] == "1000 1000",
                "uid \(view.facts["uid"] ?? "?") inside is \(hostUser) outside"),
            namespace(
                "pid", "pid", and: (Int(processes) ?? .max) < 16,
                "it sees \(processes) processes, all its own"),
            namespace(
                "mount", "mnt", and: readOnly && writes == "none",
                "\(view.mounts.count) mounts, / is read-only, writing to /usr is refused"),
            namespace(
                "net", "net", and: onlyLoopback, "interfaces: \(view.interfaces.joined(separator: " "))"),
            namespace("ipc", "ipc", and: true, "of its own"),
            namespace(
                "uts", "uts", and: view.facts["name"] == "diatom", "host name \(view.facts["name"] ?? "?")"),
            namespace("cgroup", "cgroup", and: true, "of its own"),
        ]
    }

    private var hostUser: String {
        let words = (view.facts["map"] ?? "").split(separator: " ")
        guard words.count == 3 else { return "unknown" }
        // In rootless mode the map leads to a namespace between, and so says nothing of the machine.
        return receipt.hostUser == .own ? "uid \(words[1]), no other sandbox's," : "our own uid"
    }

    private func namespace(_ name: String, _ file: String, and holds: Bool, _ why: String) -> Finding {
        guard let inside = view.namespaces[file], let outside = outside[file] else {
            return Finding(.layers, name, .unknown, "/proc/self/ns/\(file) cannot be read")
        }
        guard inside != outside else {
            return Finding(.layers, name, .missing, "the sandbox is in our own namespace \(inside)")
        }
        return Finding(.layers, name, holds ? .inForce : .missing, holds ? why : "it does not hold: \(why)")
    }

    private var seccomp: Finding {
        let filtered = view.status["Seccomp"] == "2"
        let refused = view.facts["unshare"] != "allowed"
        let tried = view.facts["unshare"] == nil ? "" : "; a new user namespace was refused"
        guard filtered, refused else {
            return Finding(
                .layers, "seccomp", .missing,
                filtered ? "a new user namespace was allowed inside" : "no filter is in force inside",
                mend: "use a kernel with CONFIG_SECCOMP_FILTER")
        }
        return Finding(
            .layers, "seccomp", .inForce, "\(view.status["Seccomp_filters"] ?? "1") filter\(tried)")
    }

    private var landlock: Finding {
        guard landlockABI > 0 else {
            return Finding(
                .layers, "landlock", .missing,
                "the kernel has none\(modules.map { " (modules: \($0))" } ?? "")",
                mend: "boot Linux 5.13 or newer with lsm=landlock,… on the kernel command line")
        }
        guard receipt.layers.contains("landlock") else {
            return Finding(.layers, "landlock", .missing, "ABI \(landlockABI) is there but not used")
        }
        guard landlockABI >= 3 else {
            return Finding(
                .layers, "landlock", .limited, "ABI \(landlockABI): files are held, truncation is not",
                mend: "use Linux 6.2 or newer")
        }
        // Appending to a file of one's own in /proc is allowed, truncating it is Landlock's to refuse.
        guard view.facts["truncate"] == "refused" else {
            return Finding(.layers, "landlock", .missing, "what its rules forbid was allowed inside")
        }
        let scope = landlockABI >= 6 ? "; signals and abstract sockets stay inside" : ""
        return Finding(
            .layers, "landlock", .inForce,
            "ABI \(landlockABI); what only its rules forbid was refused\(scope)")
    }

    private var capabilities: Finding {
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        let held = sets.filter { (view.status[$0] ?? "").contains { $0 != "0" } || view.status[$0] == nil }
        return held.isEmpty
            ? Finding(.layers, "capabilities", .inForce, "all five sets are empty")
            : Finding(.layers, "capabilities", .missing, "not empty: \(held.joined(separator: " "))")
    }

    private var privileges: Finding {
        let holds = view.status["NoNewPrivs"] == "1"
        return Finding(
            .layers, "no_new_privs", holds ? .inForce : .missing,
            holds ? "set-uid programs gain nothing" : "not set")
    }

    private var rlimits: Finding {
        let core = view.facts["core"] ?? "?"
        let files = view.facts["files"] ?? "?"
        let holds = core == "0" && (Int(files) ?? .max) <= 4_096
        return Finding(
            .layers, "rlimits", holds ? .inForce : .missing,
            "core files of \(core) bytes, \(files) open files")
    }

    private var proc: Finding {
        let covers = view.mounts.filter { $0.point.hasPrefix("/proc/") }.map(\.point)
        return Finding(
            .layers, "proc", .inForce,
            "a fresh one of its own pid namespace; covered: \(covers.joined(separator: " "))")
    }
}
