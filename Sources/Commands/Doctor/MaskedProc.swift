/// Mounts over parts of /proc, with which containers hide them; the kernel then refuses a fresh one.
struct MaskedProc: Hashable, Sendable {
    static let mend =
        "unmask it (docker run --security-opt systempaths=unconfined, podman --security-opt unmask=ALL, "
        + "Kubernetes procMount: Unmasked), or --allow proc:absent"

    private(set) var points: [String] = []

    /// - Parameter mountinfo: The text of `/proc/self/mountinfo`.
    init(mountinfo: String) {
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[4].hasPrefix("/proc/") else { continue }
            // A mount on an empty folder that exists for it hides nothing.
            guard fields[4] != "/proc/sys/fs/binfmt_misc" else { continue }
            points.append(String(fields[4]))
        }
    }

    func finding(works: Bool) -> Finding {
        guard !points.isEmpty else {
            return Finding(.host, "/proc", .inForce, "whole: nothing is mounted over it")
        }
        let shown = points.prefix(4).joined(separator: " ") + (points.count > 4 ? " …" : "")
        let words = "masked at \(points.count) places (\(shown))"
        return works
            ? Finding(.host, "/proc", .inForce, "\(words), and a sandbox gets a fresh one all the same")
            : Finding(.host, "/proc", .missing, "\(words): the kernel refuses a fresh one", mend: Self.mend)
    }
}
