internal import CJail
internal import Jail
internal import Testing

struct RootPlanTests {
    private let plan = RootPlan.standard(extra: [])

    @Test func `environments of libraries and folders of wheels are shown where guests look for them`() {
        let plan = RootPlan.standard(extra: [], environments: "/data/store", links: ["/wheels", "relative"])
        #expect(plan.binds.contains { $0.source == "/data/store" && $0.target == "diatom/environments" })
        #expect(plan.binds.contains { $0.source == "/wheels" && $0.target == "diatom/links/0" })
        #expect(!plan.binds.contains { $0.source == "relative" })
        #expect(!self.plan.binds.contains { $0.target.hasPrefix("diatom/") })
    }

    @Test func `nothing is put in the same place twice`() {
        let targets =
            plan.binds.map(\.target) + plan.files.map(\.path) + plan.links.map(\.path) + plan.folders
            + RootPlan.devices.map { "dev/\($0)" }
        var seen: Set<String> = []
        #expect(targets.filter { !seen.insert($0).inserted } == [])
    }

    @Test func `no place leads out of the root`() {
        let targets =
            plan.binds.map(\.target) + plan.files.map(\.path) + plan.links.map(\.path) + plan.folders
        for target in targets {
            let names = target.split(separator: "/", omittingEmptySubsequences: false)
            #expect(!names.contains("") && !names.contains("..") && !names.contains("."), "\(target)")
        }
    }

    /// What does not fit would be left out without a word; an interpreter's two files come on top.
    @Test func `the plan fits into the struct that carries it`() {
        #expect(plan.fits)
        // With all the toolchains that may be added, in folders that are there.
        let folders = (0..<12).map { "/usr" + String(repeating: "/.", count: $0 + 1) }
        #expect(RootPlan.standard(extra: folders).fits)
        let many = (0..<48).map { "/usr" + String(repeating: "/.", count: $0 + 1) }
        #expect(!RootPlan.standard(extra: many).fits)
        #expect(plan.files.count + 2 <= Int(CJAIL_FILES_MAX))
        #expect(plan.links.count <= Int(CJAIL_LINKS_MAX))
        #expect(plan.folders.count <= Int(CJAIL_FOLDERS_MAX))
    }

    @Test func `what an operator shows stands at its own path, and only if it is there`() {
        let plan = RootPlan.standard(extra: ["/usr/share", "/no/such/folder", "relative"])
        let added = plan.binds.filter { bind in !self.plan.binds.contains(bind) }
        #expect(added.map { [$0.source, $0.target] } == [["/usr/share", "usr/share"]])
    }

    @Test func `of the machine's own names and secrets nothing is shown`() {
        let sources = plan.binds.map(\.source)
        for secret in [
            "/etc", "/etc/passwd", "/etc/shadow", "/etc/ssl", "/etc/ssh", "/root", "/home", "/var", "/sys",
            "/dev",
        ] {
            #expect(!sources.contains(secret), "\(secret)")
        }
        let hostname = plan.files.first { $0.path == "etc/hostname" }?.content
        #expect(hostname == Array("diatom\n".utf8))
    }
}
