internal import Glibc
internal import JSON
internal import Languages
internal import Posix

// What compiling once saves, and what SQL costs.
extension Bench {
    private static let mostTests = 50

    /// A program that no cache has seen: its first line is a comment of its own.
    private struct Fresh {
        let language: String
        private let body: String

        /// C++ where it is there, since its headers are what people wait for; else C.
        init() {
            let catalogue = LanguageCatalogue()
            if let pack = try? catalogue.pack(named: "c++"), pack.missing == nil {
                language = pack.id
                body =
                    "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << n * n << '\\n'; }\n"
            } else {
                language = "c"
                body =
                    "#include <stdio.h>\nint main(void) { int n; scanf(\"%d\", &n); printf(\"%d\\n\", n * n); }\n"
            }
        }

        func next() -> String { "// \(Monotonic.now())\n" + body }

        func request(_ code: String, tests: Int = 0) -> [UInt8] {
            var writer = JSONWriter()
            writer.beginObject()
            writer.name("language")
            writer.value(language)
            writer.name("code")
            writer.value(code)
            writer.name("stdin")
            writer.value("3")
            writer.name("tests")
            writer.beginArray()
            for number in 0..<tests {
                writer.beginObject()
                writer.name("stdin")
                writer.value("\(number)")
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
            return BlockingClient.post(String(decoding: writer.bytes, as: UTF8.self))
        }
    }

    func compileRows(_ service: BenchService) -> [BenchRow] {
        let fresh = Fresh()
        let socket = service.socket
        var code = fresh.next()
        let sides = [
            Side("bare") {
                code = fresh.next()
                return try Self.timedRun(socket, fresh.request(code))
            },
            Side("again") { try Self.timedRun(socket, fresh.request(code)) },
            Side("tests") { try Self.timedRun(socket, fresh.request(fresh.next(), tests: Self.mostTests)) },
        ]
        let measured = measure(sides, rounds: plan.slowRounds, dropped: plan.slowDropped)
        let again = BenchRow(
            "compiled", "second compile-and-run of a \(fresh.language) program ÷ first", mustBe: "≤ 0.1")
        let tests = BenchRow(
            "tests", "\(Self.mostTests) tests compiled once ÷ \(Self.mostTests) × (compile + run)",
            mustBe: "≤ 0.1")
        let rows = [
            compare(again, "again", measured) { row, ours, first in ratio(&row, ours, first, atMost: 0.1) },
            compare(tests, "tests", measured) { row, ours, first in
                let ratio = ours.median / max(first.median * Double(Self.mostTests), 0.001)
                row.measured = "\(BenchRow.short(ratio)) (\(BenchRow.short(ours.median)) ms)"
                row.figure("ratio", ratio)
                row.judge(ratio, atMost: 0.1)
            },
        ]
        return rows.compactMap { $0 }
    }

    private static let sqlite = BareStart(path: "/usr/bin/sqlite3", arguments: [":memory:", "select 1"])
    private static let sqlRequest = BlockingClient.post(#"{"language":"sql","code":"select 1"}"#)

    func sqlRow(_ service: BenchService) -> BenchRow {
        var row = BenchRow("sql", "SQL 'select 1' through the socket ÷ bare sqlite3", mustBe: "≤ 1")
        guard access(Self.sqlite.path, X_OK) == 0 else {
            row.unmeasured = "\(Self.sqlite.path) is not installed"
            row.isOptional = true
            return row
        }
        let sides = [
            Side("bare") { try Self.sqlite.run().nanoseconds },
            Side("sql") { [socket = service.socket] in try Self.timedRun(socket, Self.sqlRequest) },
        ]
        let measured = measure(sides, rounds: plan.rounds, dropped: plan.dropped)
        return compare(row, "sql", measured) { row, ours, bare in ratio(&row, ours, bare, atMost: 1) } ?? row
    }
}
