internal import Glibc
internal import Posix

extension Bench {
    /// What a parked child keeps to itself, and what the service costs when nothing runs.
    func memoryRows(_ service: BenchService) -> [BenchRow] {
        usleep(500_000)
        let tree = service.tree
        let parked = BenchRow(
            "memory", "private memory of a parked Python child, page tables included", mustBe: "≤ 3 MB")
        return [parkedRow(parked, "python", tree, atMost: 3), resident(tree)]
    }

    func nodeMemoryRow(_ service: BenchService) -> BenchRow {
        usleep(500_000)
        let parked = BenchRow(
            "node-memory", "private memory of a parked Node child, page tables included", mustBe: "≤ 8 MB")
        return parkedRow(parked, "/node", service.tree, atMost: 8)
    }

    /// `program`: What the interpreter's path holds.
    private func parkedRow(
        _ row: BenchRow, _ program: String, _ tree: ServiceTree, atMost bound: Double
    ) -> BenchRow {
        var parked = row
        var sums: [Double] = []
        for sandbox in tree.inits {
            let guests = tree.children(of: sandbox.pid)
            guard guests.contains(where: { $0.arguments.first?.contains(program) == true }) else { continue }
            let processes = [sandbox] + guests
            let sizes = processes.compactMap { ServiceTree.privateKilobytes(of: $0.pid) }
            if sizes.count == processes.count { sums.append(Double(sizes.reduce(0, +)) / 1024) }
        }
        if sums.isEmpty {
            parked.unmeasured =
                geteuid() == 0 ? "no parked child was found" : "only root may look into a sandbox's memory"
            parked.isOptional = geteuid() != 0
        } else {
            let mean = sums.reduce(0, +) / Double(sums.count)
            parked.measured = "\(BenchRow.short(mean)) MB (mean of \(sums.count), init and guest together)"
            parked.figure("megabytes", mean)
            parked.judge(mean, atMost: bound)
        }
        return parked
    }

    private func resident(_ tree: ServiceTree) -> BenchRow {
        var row = BenchRow("resident", "RSS of service and jailer together", mustBe: "≤ 80 MB")
        guard let jailer = tree.jailer, !tree.services.isEmpty else {
            row.unmeasured = "the service's processes were not found"
            return row
        }
        let services = tree.services.map { Double(ServiceTree.kilobytes("VmRSS", of: $0.pid)) / 1024 }
        let own = Double(ServiceTree.kilobytes("VmRSS", of: jailer.pid)) / 1024
        let sum = services.reduce(own, +)
        let parts = services.map(BenchRow.short).joined(separator: " + ")
        row.measured = "\(BenchRow.short(sum)) MB (service \(parts), jailer \(BenchRow.short(own)))"
        row.figure("megabytes", sum)
        row.judge(sum, atMost: 80)
        return row
    }

    /// What is left behind by many runs in a row.
    func growthRow(_ service: BenchService) -> BenchRow {
        var row = BenchRow(
            "growth", "\(plan.growthRuns) runs in a row: what grows", mustBe: "none; RSS ≤ 5 %")
        // Control groups are kept, as many as there were sandboxes at a time: after a crowd only a leak adds to them.
        _ = Crowd.run(8) { [socket = service.socket] _ in Self.repeatRuns(socket, count: 200) }
        usleep(700_000)
        let before = service.tree.holdings()
        let answer = Self.repeatRuns(service.socket, count: plan.growthRuns)
        row.unmeasured = answer.failure
        usleep(700_000)
        let after = service.tree.holdings()
        let counts = [
            ("descriptors", after.descriptors - before.descriptors),
            ("processes", after.processes - before.processes),
            ("mounts", after.mounts - before.mounts), ("control groups", after.groups - before.groups),
        ]
        var words = counts.filter { $0.1 != 0 }.map { "\($0.0) \($0.1 > 0 ? "+" : "")\($0.1)" }
        var faults = counts.filter { $0.1 > 0 }.map { "\($0.0) +\($0.1)" }
        for (name, count) in counts { row.figure(name, Double(count)) }
        for (part, size) in before.memory.sorted(by: { $0.key < $1.key }) {
            let growth = (Double(after.memory[part] ?? 0) / Double(max(size, 1)) - 1) * 100
            row.figure("rss_\(part)_percent", growth)
            words.append(
                "RSS \(part) \(growth >= 0 ? "+" : "")\(BenchRow.short((growth * 10).rounded() / 10)) %")
            if growth > 5 { faults.append("RSS \(part) +\(BenchRow.short(growth)) %") }
        }
        row.measured = words.joined(separator: ", ")
        row.note =
            "\(before.descriptors) descriptors, \(before.processes) processes, \(before.mounts) mounts, "
            + "\(before.groups) control groups before; median \(BenchRow.short(answer.series.median)) ms a run"
        row.missedBy = faults.isEmpty ? nil : faults.joined(separator: ", ")
        return row
    }
}
