internal import Glibc
internal import Posix

extension Bench {
    static let python = BareStart(path: "/usr/bin/python3", arguments: ["-c", "print(1)"])
    static let warmRequest = BlockingClient.post(#"{"language":"python","code":"print(1)"}"#)

    /// The rows of one run at a time, each round measuring every side once.
    func idleRows(_ service: BenchService) -> [BenchRow] {
        let program = folder + "/diatom"
        let allow = plan.allowed.flatMap { ["--allow", $0] }
        let line = ["run", "-l", "python", "-c", "print(1)", "--data"]
        let sides: [Side] = [
            Side("bare") { try Self.python.run().nanoseconds },
            Side("warm") { [socket = service.socket] in try Self.timedRun(socket, Self.warmRequest) },
            Side("command") {
                try BareStart(path: program, arguments: line + [service.data]).run().nanoseconds
            },
            Side("alone") {
                try BareStart(path: program, arguments: line + [service.data + "/none"] + allow).run()
                    .nanoseconds
            },
            Side("bwrap") { try Self.bwrap.run().nanoseconds },
        ]
        let wanted = sides.filter {
            $0.name == "bare" || (plan.rows.contains($0.name) && ($0.name != "bwrap" || Self.hasBwrap))
        }
        let measured = measure(wanted, rounds: plan.rounds, dropped: plan.dropped)
        report.bareMedian = measured["bare"].flatMap { try? $0.get() }.map(\.median)
        return [warm(measured), command(measured), alone(measured), bwrap(measured)].compactMap { $0 }
    }

    /// One of the things that a round does.
    struct Side {
        var name: String
        var run: () throws -> Int64

        init(_ name: String, _ run: @escaping () throws -> Int64) {
            self.name = name
            self.run = run
        }
    }

    struct Unmeasured: Error {
        var reason: String
    }

    /// Interleaves the sides; one that fails is measured no further.
    func measure(_ sides: [Side], rounds: Int, dropped: Int) -> [String: Result<Series, Unmeasured>] {
        var results: [String: Result<Series, Unmeasured>] = [:]
        for side in sides { results[side.name] = .success(Series()) }
        for round in 0..<rounds + dropped {
            for side in sides {
                guard case .success(var series)? = results[side.name] else { continue }
                do {
                    let taken = try side.run()
                    if round >= dropped { series.add(taken) }
                    results[side.name] = .success(series)
                } catch {
                    results[side.name] = .failure(Unmeasured(reason: "\(error)"))
                }
            }
        }
        return results
    }

    /// A run over a connection that is kept.
    static func timedRun(_ socket: String, _ request: [UInt8]) throws -> Int64 {
        try ClientShelf.shared.withClient(socket) { client in try timedRun(client, request) }
    }

    static func timedRun(_ client: borrowing BlockingClient, _ request: [UInt8]) throws -> Int64 {
        let begun = Monotonic.now()
        let answer = try client.exchange(request)
        let taken = Monotonic.now() - begun
        guard answer.status == 200, Self.succeeded(answer.body) else {
            throw Unmeasured(reason: String(decoding: answer.body.prefix(300), as: UTF8.self))
        }
        return taken
    }

    /// The status stands near the front of every result.
    static func succeeded(_ body: [UInt8]) -> Bool {
        String(decoding: body.prefix(160), as: UTF8.self).contains(#""status":"succeeded""#)
    }

    static let hasBwrap = access("/usr/bin/bwrap", X_OK) == 0
    private static let bwrap = BareStart(
        path: "/usr/bin/bwrap",
        arguments: [
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
            "--symlink", "usr/bin", "/bin", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
            "--unshare-all",
            "--die-with-parent", "--new-session", "/usr/bin/python3", "-c", "print(1)",
        ])

    /// A row that is a ratio or a difference of two sides.
    func compare(
        _ row: BenchRow, _ name: String, _ measured: [String: Result<Series, Unmeasured>],
        _ body: (inout BenchRow, _ ours: Series, _ bare: Series) -> Void
    ) -> BenchRow? {
        guard plan.rows.contains(row.id) else { return nil }
        var row = row
        do {
            guard let ours = try measured[name]?.get(), let bare = try measured["bare"]?.get() else {
                return nil
            }
            row.figure("median_ms", ours.median)
            row.figure("p99_ms", ours.percentile(99))
            row.figure("bare_median_ms", bare.median)
            body(&row, ours, bare)
        } catch {
            row.unmeasured = error.reason
        }
        return row
    }

    private func warm(_ measured: [String: Result<Series, Unmeasured>]) -> BenchRow? {
        let row = BenchRow("warm", "warm Python run through the socket ÷ bare", mustBe: "≤ 0.25, goal 0.15")
        return compare(row, "warm", measured) { row, ours, bare in ratio(&row, ours, bare, atMost: 0.25) }
    }

    private func command(_ measured: [String: Result<Series, Unmeasured>]) -> BenchRow? {
        let row = BenchRow("command", "whole command 'diatom run', service running ÷ bare", mustBe: "≤ 0.8")
        return compare(row, "command", measured) { row, ours, bare in ratio(&row, ours, bare, atMost: 0.8) }
    }

    private func alone(_ measured: [String: Result<Series, Unmeasured>]) -> BenchRow? {
        let row = BenchRow("alone", "whole command 'diatom run', no service − bare", mustBe: "≤ 15 ms")
        return compare(row, "alone", measured) { row, ours, bare in
            let difference = ours.median - bare.median
            row.measured = "\(BenchRow.short(difference)) ms (\(BenchRow.short(ours.median)) ms)"
            row.figure("difference_ms", difference)
            row.judge(difference, atMost: 15)
        }
    }

    private func bwrap(_ measured: [String: Result<Series, Unmeasured>]) -> BenchRow? {
        var row = BenchRow("bwrap", "peer: bubblewrap, the same program ÷ bare", mustBe: "")
        row.hasBound = false
        guard plan.rows.contains(row.id) else { return nil }
        guard Self.hasBwrap else {
            row.unmeasured = "/usr/bin/bwrap is not installed"
            row.isOptional = true
            return row
        }
        return compare(row, "bwrap", measured) { row, ours, bare in ratio(&row, ours, bare, atMost: .infinity)
        }
    }

    func ratio(_ row: inout BenchRow, _ ours: Series, _ bare: Series, atMost bound: Double) {
        let ratio = ours.median / max(bare.median, 0.001)
        row.measured = "\(BenchRow.short(ratio)) (\(BenchRow.short(ours.median)) ms)"
        row.figure("ratio", ratio)
        row.judge(ratio, atMost: bound)
    }
}
