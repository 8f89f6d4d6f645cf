@testable import Commands
import Domain
import JSON
import Posix
import Testing

/// What the doctor makes of a machine, from the texts that the kernel would give.
struct DoctorTests {
    private static let mixedMounts = """
        tmpfs /sys/fs/cgroup tmpfs rw 0 0
        cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
        cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
        cgroup /sys/fs/cgroup/pids cgroup ro,relatime,pids 0 0
        cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
        """
    private static let mixedOwn = "4:memory:/user\n3:pids:/\n2:cpu,cpuacct:/a\n0::/b\n"

    private func access(writable: Bool = true, readOnly: Set<String> = [], controllers: String = "")
        -> ControlGroupFacts.Access
    {
        ControlGroupFacts.Access(
            isWritable: { _ in writable }, isReadOnly: { readOnly.contains($0) },
            read: { $0.hasSuffix("cgroup.controllers") ? controllers : nil })
    }

    private func row(_ name: String, _ findings: [Finding]) throws -> Finding {
        try #require(findings.first { $0.name == name })
    }

    @Test func `a mixed tree is told controller by controller`() throws {
        let facts = ControlGroupFacts(mounts: Self.mixedMounts, own: Self.mixedOwn, access: access())
        #expect(facts.tree == .mixed)
        let places = Dictionary(uniqueKeysWithValues: facts.controllers.map { ($0.name, $0.path) })
        #expect(places["memory"] == "/sys/fs/cgroup/memory/user")
        #expect(places["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct/a")
        let readOnly = access(readOnly: ["/sys/fs/cgroup/pids"])
        let findings = facts.findings(isRoot: true, access: readOnly)
        #expect(try row("memory", findings).state == .inForce)
        let pids = try row("pids", findings)
        #expect(pids.state == .missing && pids.why.contains("read-only") && pids.mend != nil)
    }

    @Test func `a version 2 tree that is not delegated says how to get one`() throws {
        let facts = ControlGroupFacts(
            mounts: "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", own: "0::/user.slice\n",
            access: access(controllers: "cpu memory\n"))
        #expect(facts.tree == .two)
        let findings = facts.findings(isRoot: false, access: access(writable: false))
        #expect(try row("memory", findings).why.contains("not ours"))
        #expect(try row("cpuacct", findings).why.contains("/sys/fs/cgroup/user.slice"))
        #expect(try row("pids", findings).why.contains("no hierarchy"))
        #expect(try row("pids", findings).mend?.contains("Delegate=yes") == true)
    }

    @Test func `no control groups at all is a finding, not a crash`() throws {
        let facts = ControlGroupFacts(mounts: "", own: "", access: access())
        #expect(try row("tree", facts.findings(isRoot: true, access: access())).state == .missing)
    }

    @Test func `a masked proc is seen by what is mounted over it`() {
        let mounts = """
            22 1 0:21 / /proc rw - proc proc rw
            23 22 0:30 / /proc/sys/fs/binfmt_misc rw - autofs none rw
            24 22 0:31 / /proc/acpi ro - tmpfs tmpfs ro
            """
        let masked = MaskedProc(mountinfo: mounts)
        #expect(masked.points == ["/proc/acpi"])
        #expect(masked.finding(works: false).state == .missing)
        #expect(masked.finding(works: true).state == .inForce)
        #expect(MaskedProc(mountinfo: "").finding(works: false).state == .inForce)
    }

    @Test(
        arguments: [
            ("memory: no control group is usable", "memory:sampled"),
            ("proc: Operation not permitted", "proc:absent"),
            ("landlock: the kernel has none", "landlock:absent"),
            ("host id maps: Operation not permitted", nil),
            ("memory: no control group is usable, and without /proc nothing can be sampled", nil),
        ] as [(String, String?)])
    func `a refusal names the allowance that would help`(_ why: String, _ name: String?) {
        #expect(SandboxTrial.allowance(for: why) == name)
    }

    @Test func `the engine's own advice is left out of the cause`() {
        let message =
            "no sandbox can be made here: memory: none (--allow memory:sampled, or delegate); `diatom doctor` says more"
        #expect(SandboxTrial.cause(message) == "memory: none")
    }

    @Test func `root in name only is not root mode`() {
        let whole = "         0          0 4294967295\n"
        let some = "0 100000 65536\n"
        let able = "Name:\tx\nCapEff:\t000001ffffffffff\n"
        #expect(Privilege.whyNot(status: able, userMap: whole, groupMap: whole) == nil)
        #expect(
            Privilege.whyNot(status: able, userMap: some, groupMap: whole)?.contains("user namespace") == true
        )
        #expect(Privilege.whyNot(0...99, status: able, userMap: some, groupMap: some) == nil)
        let bare = "CapEff:\t0000000000000000\n"
        #expect(
            Privilege.whyNot(status: bare, userMap: whole, groupMap: whole)?.contains("CAP_SYS_ADMIN") == true
        )
        #expect(Privilege.whyNot(status: "", userMap: "", groupMap: "") != nil)
    }

    private static let inside = """
        fact uid 1000 1000
        fact name diatom
        fact files 1024
        fact core 0
        fact writes none
        fact unshare refused
        fact append allowed
        fact truncate refused
        fact processes 3
        fact map 1000 1600000001 1
        ns user user:[2]
        ns pid pid:[2]
        ns mnt mnt:[2]
        ns net net:[1]
        ns ipc ipc:[2]
        ns uts uts:[2]
        ns cgroup cgroup:[2]
        status CapInh:\t0000000000000000
        status CapPrm:\t0000000000000000
        status CapEff:\t0000000000000000
        status CapBnd:\t0000000000000400
        status CapAmb:\t0000000000000000
        status NoNewPrivs:\t1
        status Seccomp:\t2
        mount none / tmpfs ro,nosuid 0 0
        interface lo:
        """

    private func layers(_ text: String) -> [Finding] {
        let receipt = Receipt(
            layers: ["user", "landlock"], policy: "", hostUser: .own, start: .exec, memory: "control group")
        let outside = Dictionary(
            uniqueKeysWithValues: ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"].map {
                ($0, "\($0):[1]")
            })
        return LayerFindings(
            view: InsideView(reading: Array(text.utf8)), receipt: receipt, outside: outside, landlockABI: 6,
            modules: nil
        ).all
    }

    @Test func `a layer is in force only if the program inside saw it`() throws {
        let findings = layers(Self.inside)
        for name in [
            "user", "pid", "mount", "ipc", "uts", "cgroup", "seccomp", "landlock", "rlimits", "no_new_privs",
        ] {
            #expect(try row(name, findings).state == .inForce, "\(name)")
        }
        // The same namespace as ours, and a capability in the bounding set.
        #expect(try row("net", findings).state == .missing)
        #expect(try row("capabilities", findings).state == .missing)
        let allowed = layers(Self.inside.replacing("unshare refused", with: "unshare allowed"))
        #expect(try row("seccomp", allowed).state == .missing)
    }

    @Test func `without proc nothing is claimed`() {
        let findings = layers("fact uid 1000 1000\nfact core 0\nfact files 1024\n")
        #expect(!findings.contains { $0.state == .inForce && $0.name != "rlimits" })
    }

    @Test(arguments: ["", "\u{0}\u{0}", "ns\nfact\nstatus :\nmount a\ninterface\n", "ns user"])
    func `odd lines from inside are passed over`(_ text: String) {
        #expect(InsideView(reading: Array(text.utf8)).namespaces.isEmpty)
    }

    @Test func `a limit that something else ended is missing`() {
        let trial = LimitTrial.all.first { $0.name == .cpu }
        var result = RunResult(
            id: RunID.now(), verdict: Verdict(status: .timeExceeded), language: "sh", created: 0)
        #expect(trial?.finding(result).state == .missing)
        let hit = LimitHit(name: .cpu, allowed: 100, measured: 101, how: "control group CPU accounting")
        result.verdict = Verdict(status: .cpuExceeded, limit: hit)
        #expect(trial?.finding(result).state == .inForce)
        result.verdict.limit?.how = "sampled every 5 ms"
        #expect(trial?.finding(result).state == .limited)
    }

    @Test func `the report is one JSON object and one table`() throws {
        var report = DoctorReport(refusal: "memory: none", mode: "rootless")
        report.findings = [Finding(.host, "kernel", .inForce, "Linux 6.1", mend: nil)]
        let document = try JSONParser.parse(report.json())
        guard case .object(let whole) = document else {
            Issue.record("no object")
            return
        }
        #expect(whole["ok"] == .bool(false))
        #expect(report.text(coloured: false).contains("yes     kernel  Linux 6.1"))
        #expect(report.text(coloured: true).contains("\u{1b}["))
    }
}
