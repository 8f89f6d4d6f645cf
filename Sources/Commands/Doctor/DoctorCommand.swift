internal import Domain
internal import Glibc
internal import Languages
internal import Posix

extension Command {
    static let doctor = Command(
        name: "doctor", summary: "tell what isolation is in force here, and what mends the rest",
        usage: ["doctor [--json] [--data DIR] [--allow NAME]…"],
        details: """
            Makes sandboxes and runs programs in them that look at themselves and do what must not work,
            reaches every limit once, and looks at control groups, runtimes, tools and the service.
            The exit code is 0 when a run would be served, 1 when it would be refused.
            """,
        options: [.json, RunFlags.data, RunFlags.allow],
        examples: [
            ("diatom doctor", "a table of what is in force"),
            ("diatom doctor --json", "the same for a program"),
            ("diatom doctor --allow memory:sampled", "judge as if that allowance were given"),
        ],
        body: { (invocation) throws(UsageError) in
            guard invocation.parsed.operands.isEmpty else { throw UsageError("it takes no operands") }
            return Doctor(invocation).perform()
        })
}

/// `diatom doctor`, from the parsed line to the exit code.
struct Doctor {
    private let invocation: Invocation
    private let host = HostFacts.read()

    init(_ invocation: Invocation) { self.invocation = invocation }

    func perform() -> Int32 {
        let messages = Messages(environment: invocation.environment)
        do throws(RunBackend.Failure) {
            let report = try examine(Interrupts())
            if invocation.parsed.has(.json) {
                messages.print(String(decoding: report.json(), as: UTF8.self))
            } else {
                messages.print(report.text(coloured: messages.isColourful))
            }
            return report.refusal == nil ? 0 : 1
        } catch {
            return ExitCode.cancelled
        }
    }

    private func examine(_ interrupts: Interrupts) throws(RunBackend.Failure) -> DoctorReport {
        let trial = try SandboxTrial(
            allowed: invocation.parsed.values(RunFlags.allow),
            make: { (allowed) throws(RequestError) in try makeRunner(allowed, isWarm: false) },
            interrupts: interrupts)
        var report = DoctorReport(refusal: trial.refusal, mode: host.mode)
        let works = trial.result != nil
        report.neededAllowances = works ? trial.needed : []
        report.findings = [verdict(trial)]
        if let result = trial.result, let receipt = result.receipt {
            report.hostUser = receipt.hostUser.rawValue
            report.memory = receipt.memory
            report.findings += layers(result, receipt)
        }
        if let runner = trial.runner {
            report.findings += try limits(runner, interrupts)
            report.findings.append(try warm(trial.allowed, interrupts))
        }
        report.findings += groups + host.findings(works: works)
        report.findings += ToolFindings.runtimes(
            (try? invocation.catalogue()) ?? LanguageCatalogue())
        let tools = ToolFindings.tools(folder: Process.folderOfBinary())
        report.findings += tools
        report.findings.append(
            ToolFindings.service(socket: invocation.dataFolder + "/" + DataFolder.socketName))
        return report
    }

    private func makeRunner(_ allowed: [String], isWarm: Bool) throws(RequestError) -> any Runner {
        try invocation.makeRunner(
            AloneConfiguration(
                data: invocation.dataFolder, allowed: allowed, verbose: false, isWarm: isWarm,
                toolchains: invocation.toolchainFile))
    }

    private func verdict(_ trial: SandboxTrial) -> Finding {
        guard let refusal = trial.refusal else {
            let given =
                trial.allowed.isEmpty ? "" : ", doing without \(trial.allowed.joined(separator: ", "))"
            return Finding(.layers, "a run", .inForce, "a program ran in a sandbox\(given)")
        }
        guard trial.result != nil else {
            let why = trial.lastRefusal ?? refusal
            return Finding(.layers, "a run", .missing, why, mend: SandboxTrial.mend(for: why, host: host))
        }
        return Finding(
            .layers, "a run", .missing, "\(refusal); what follows is with what would have to be allowed",
            mend: trial.needed.map { "--allow \($0)" }.joined(separator: " ")
                + ", or mend the rows that say no")
    }

    private func layers(_ result: RunResult, _ receipt: Receipt) -> [Finding] {
        let names = ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"]
        var outside: [String: String] = [:]
        for name in names {
            var buffer = [CChar](repeating: 0, count: 64)
            let count = readlink("/proc/self/ns/\(name)", &buffer, buffer.count)
            guard count > 0 else { continue }
            outside[name] = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return LayerFindings(
            view: InsideView(reading: result.stdout), receipt: receipt, outside: outside,
            landlockABI: host.landlockABI, modules: host.modules
        ).all
    }

    private func limits(_ runner: any Runner, _ interrupts: Interrupts) throws(RunBackend.Failure)
        -> [Finding]
    {
        var rows: [Finding] = []
        for trial in LimitTrial.all {
            do throws(RunBackend.Failure) {
                let result = try EngineBackend(runner: runner).run(
                    trial.request, interrupts: interrupts, prints: false)
                rows.append(trial.finding(result))
            } catch {
                guard case .request(let refused) = error else { throw error }
                rows.append(
                    Finding(.limits, trial.name.rawValue, .missing, SandboxTrial.cause(refused.message)))
            }
        }
        return rows
    }

    /// A run that is forked from a warm interpreter, as a service's are.
    private func warm(_ allowed: [String], _ interrupts: Interrupts) throws(RunBackend.Failure) -> Finding {
        guard access("/usr/bin/python3", X_OK) == 0 else {
            return Finding(
                .runtimes, "warm python", .missing, "no /usr/bin/python3", mend: "apt-get install python3")
        }
        do throws(RunBackend.Failure) {
            let runner: any Runner
            do throws(RequestError) { runner = try makeRunner(allowed, isWarm: true) } catch {
                throw .request(error)
            }
            let result = try EngineBackend(runner: runner).run(
                ProbeRequest.make(language: "python", "print(6 * 7)", start: .warm), interrupts: interrupts,
                prints: false)
            let forked = result.receipt?.start == .forked && result.stdout == Array("42\n".utf8)
            return Finding(
                .runtimes, "warm python", forked ? .inForce : .missing,
                forked
                    ? "a run was forked from it"
                    : "a run ended as \(result.verdict.status.rawValue), "
                        + "started by \(result.receipt?.start.rawValue ?? "nothing")",
                mend: forked ? nil : "make build; the log of diatom serve says more")
        } catch {
            guard case .request(let refused) = error else { throw error }
            return Finding(
                .runtimes, "warm python", .missing, SandboxTrial.cause(refused.message),
                mend: "see the tools below: diatom serve needs all of them")
        }
    }

    private var groups: [Finding] {
        let facts = ControlGroupFacts(
            mounts: (try? SmallFile.read("/proc/self/mounts", limit: 1 << 20)) ?? "",
            own: (try? SmallFile.read("/proc/self/cgroup")) ?? "", access: .real)
        return facts.findings(isRoot: host.isRoot, access: .real)
    }
}
