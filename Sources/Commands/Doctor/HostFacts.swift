internal import CJail
internal import Glibc
internal import Posix

/// What the machine says of itself, before anything is tried.
struct HostFacts: Hashable, Sendable {
    var kernel: String
    var isRoot: Bool
    /// Why sandboxes cannot have host users of their own; nil when they can.
    var rootObstacle: String?
    /// Of `/proc/sys/user/max_user_namespaces`; nil where it cannot be read.
    var maxUserNamespaces: Int?
    /// Debian's and Ubuntu's switches, where they exist.
    var unprivilegedClone: Int?
    var appArmorRestricts: Int?
    /// Whether we are ourselves under a seccomp filter, as in most containers.
    var isFiltered: Bool
    var hasSetfcap: Bool
    var maskedProc: MaskedProc
    var modules: String?
    var landlockABI: Int

    static func read() -> HostFacts {
        let status = (try? SmallFile.read("/proc/self/status")) ?? ""
        func field(_ name: String) -> String {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line.map { String($0.split(separator: "\t").last ?? "") } ?? ""
        }
        let capabilities = UInt64(field("CapEff"), radix: 16) ?? 0
        return HostFacts(
            kernel: trimmed("/proc/sys/kernel/osrelease") ?? "unknown", isRoot: geteuid() == 0,
            rootObstacle: Privilege.whyNot(),
            maxUserNamespaces: number("/proc/sys/user/max_user_namespaces"),
            unprivilegedClone: number("/proc/sys/kernel/unprivileged_userns_clone"),
            appArmorRestricts: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            isFiltered: field("Seccomp") == "2", hasSetfcap: capabilities & 1 << 31 != 0,
            maskedProc: MaskedProc(
                mountinfo: (try? SmallFile.read("/proc/self/mountinfo", limit: 4 << 20)) ?? ""),
            modules: trimmed("/sys/kernel/security/lsm"), landlockABI: Int(cjail_landlock_abi()))
    }

    private static func trimmed(_ path: String) -> String? {
        (try? SmallFile.read(path)).map { String($0.prefix { $0 != "\n" }) }
    }

    private static func number(_ path: String) -> Int? { trimmed(path).flatMap { Int($0) } }

    var mode: String { rootObstacle == nil ? "root" : "rootless" }

    /// Judges what stands in the way; `works` is whether a sandbox could be made all the same.
    func findings(works: Bool) -> [Finding] {
        [kernelFinding, modeFinding, userNamespaces(works)] + switches(works) + [
            maskedProc.finding(works: works)
        ]
            + (isFiltered ? [filtered(works)] : [])
    }

    private var kernelFinding: Finding {
        let parts = kernel.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        let isNew = parts.count == 2 && (parts[0], parts[1]) >= (5, 15)
        return Finding(
            .host, "kernel", isNew ? .inForce : .missing, "Linux \(kernel)",
            mend: isNew ? nil : "use Linux 5.15 or newer")
    }

    private var modeFinding: Finding {
        guard let rootObstacle else {
            return Finding(.host, "mode", .inForce, "root: each sandbox gets a host user of its own")
        }
        let setfcap =
            isRoot && !hasSetfcap
            ? Finding(
                .host, "mode", .missing,
                "rootless (\(rootObstacle)); user 0 without CAP_SETFCAP may not make a user namespace of its own",
                mend: "start as another user (docker run --user 1000), or with --cap-add SETFCAP") : nil
        return setfcap
            ?? Finding(
                .host, "mode", .limited, "rootless (\(rootObstacle)): sandboxes share our host user",
                mend: "run diatom serve as root")
    }

    private func userNamespaces(_ works: Bool) -> Finding {
        guard let maxUserNamespaces else {
            return Finding(
                .host, "user namespaces", works ? .inForce : .unknown,
                works ? "a sandbox got one" : "/proc/sys/user/max_user_namespaces cannot be read",
                mend: works ? nil : "use a kernel with CONFIG_USER_NS")
        }
        guard maxUserNamespaces >= 64 else {
            return Finding(
                .host, "user namespaces", .missing, "user.max_user_namespaces is \(maxUserNamespaces)",
                mend: "sysctl -w user.max_user_namespaces=15000")
        }
        return Finding(.host, "user namespaces", .inForce, "user.max_user_namespaces is \(maxUserNamespaces)")
    }

    private func switches(_ works: Bool) -> [Finding] {
        var rows: [Finding] = []
        if let unprivilegedClone {
            let off = unprivilegedClone == 0
            rows.append(
                Finding(
                    .host, "unprivileged clone", off ? (works ? .limited : .missing) : .inForce,
                    "kernel.unprivileged_userns_clone is \(unprivilegedClone)",
                    mend: off ? "sysctl -w kernel.unprivileged_userns_clone=1" : nil))
        }
        if let appArmorRestricts {
            let on = appArmorRestricts != 0
            rows.append(
                Finding(
                    .host, "apparmor", on ? (works ? .limited : .missing) : .inForce,
                    "kernel.apparmor_restrict_unprivileged_userns is \(appArmorRestricts)",
                    mend: on
                        ? "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or a profile with 'userns,' for diatom-jailer"
                        : nil))
        }
        return rows
    }

    private func filtered(_ works: Bool) -> Finding {
        Finding(
            .host, "seccomp of ours", works ? .inForce : .missing,
            "we are under a filter ourselves, as containers put up"
                + (works ? "; it lets sandboxes be made" : "; it may forbid namespaces and mounts"),
            mend: works
                ? nil : "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined")
    }
}
