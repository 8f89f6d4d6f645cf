internal import Domain

/// The first sandbox: made as the caller allows, and where that is refused, with what would have to be allowed.
struct SandboxTrial {
    /// Allowances that a refusal asked for, beyond those given.
    private(set) var needed: [String] = []
    /// Why the first sandbox was refused; nil when it was not.
    private(set) var refusal: String?
    /// Of the last try.
    private(set) var lastRefusal: String?
    private(set) var result: RunResult?
    private(set) var runner: (any Runner)?

    var allowed: [String]

    init(
        allowed: [String], make: (_ allowed: [String]) throws(RequestError) -> any Runner,
        interrupts: Interrupts
    ) throws(RunBackend.Failure) {
        self.allowed = allowed
        for _ in 0..<4 {
            let why: String
            do throws(RunBackend.Failure) {
                let backend = EngineBackend(
                    runner: try Self.wrap { () throws(RequestError) in try make(self.allowed) })
                let result = try backend.run(
                    ProbeRequest.make(language: "sh", InsideView.script), interrupts: interrupts,
                    prints: false)
                if result.verdict.status != .engineFailed {
                    self.result = result
                    runner = backend.runner
                    lastRefusal = nil
                    return
                }
                why = result.failure ?? result.verdict.limit?.how ?? "the sandbox could not do its work"
            } catch {
                guard case .request(let refused) = error else { throw error }
                why = Self.cause(refused.message)
            }
            refusal = refusal ?? why
            lastRefusal = why
            guard let name = Self.allowance(for: why), !self.allowed.contains(name) else { return }
            self.allowed.append(name)
            needed.append(name)
        }
    }

    private static func wrap(
        _ make: () throws(RequestError) -> any Runner
    ) throws(RunBackend.Failure) -> any Runner {
        do throws(RequestError) { return try make() } catch { throw .request(error) }
    }

    /// What the engine's message says beyond its own advice.
    static func cause(_ message: String) -> String {
        var text = Substring(message)
        for prefix in ["no sandbox can be made here: "] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
        }
        for tail in ["; `diatom doctor` says more", "; run `diatom doctor`"] where text.hasSuffix(tail) {
            text = text.dropLast(tail.count)
        }
        if let advice = text.firstRange(of: " (--allow") { text = text[..<advice.lowerBound] }
        return String(text)
    }

    /// The layer whose absence would have to be allowed for this to go away.
    static func allowance(for why: String) -> String? {
        if why.hasPrefix("memory:"), !why.contains("/proc") { return "memory:sampled" }
        if why.hasPrefix("proc:") || why.hasPrefix("proc ") { return "proc:absent" }
        if why.hasPrefix("landlock") { return "landlock:absent" }
        return nil
    }

    /// What is done about a refusal that no allowance helps.
    static func mend(for why: String, host: HostFacts) -> String {
        if why.hasPrefix("memory:") {
            return "delegate control groups, or unmask /proc; one of both is needed"
        }
        if why.contains("No space left") || (host.maxUserNamespaces ?? .max) < 64 {
            return "sysctl -w user.max_user_namespaces=15000 (in a container: of its host)"
        }
        if why.contains("id maps"), host.isRoot, !host.hasSetfcap {
            return "start as another user (docker run --user 1000), or with --cap-add SETFCAP"
        }
        if why.contains("libcjail") { return "make build" }
        if host.isFiltered {
            return "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
        }
        if host.unprivilegedClone == 0 { return "sysctl -w kernel.unprivileged_userns_clone=1" }
        if host.appArmorRestricts == 1 { return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" }
        return "allow user namespaces to this user, or run as root"
    }
}
