internal import Glibc
internal import JSON
internal import Posix

/// The table, and above it what it was measured on.
struct BenchReport: Sendable {
    var command: String
    var bare: String
    var bareVersion: String
    /// In milliseconds; nil where it was not measured.
    var bareMedian: Double?
    var rows: [BenchRow] = []

    static var machine: String {
        let cpu = (try? SmallFile.read("/proc/cpuinfo")) ?? ""
        let model =
            cpu.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? "?"
        let kernel = (try? SmallFile.read("/proc/sys/kernel/osrelease")) ?? "?"
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return "\(Self.trimmed(model)), \(cores) cores, Linux \(Self.trimmed(kernel))"
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        text.split(whereSeparator: { $0 == " " || $0 == "\n" }).joined(separator: " ")
    }

    var isComplete: Bool { rows.allSatisfy { $0.unmeasured == nil || $0.isOptional } }

    private var bareLine: String {
        "\(bare) \(bareVersion)" + (bareMedian.map { ", median \(BenchRow.short($0)) ms" } ?? "")
    }

    func text() -> String {
        var lines = ["machine  \(Self.machine)", "command  \(command)", "bare     \(bareLine)", ""]
        let cells = rows.map { row in
            [row.what, row.unmeasured ?? row.measured, row.hasBound ? row.mustBe : "", row.verdict]
        }
        let all = [["what", "measured", "must be", "verdict"]] + cells
        let widths = (0..<3).map { column in all.map { $0[column].count }.max() ?? 0 }
        for (index, row) in all.enumerated() {
            let columns = (0..<3).map {
                row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count + 2)
            }
            lines.append(columns.joined() + row[3])
            if index > 0, let note = rows[index - 1].note { lines.append("    \(note)") }
        }
        return lines.joined(separator: "\n")
    }

    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("machine")
        writer.value(Self.machine)
        writer.name("command")
        writer.value(command)
        writer.name("bare")
        writer.beginObject()
        writer.name("path")
        writer.value(bare)
        writer.name("version")
        writer.value(bareVersion)
        writer.name("median_ms")
        writer.value(bareMedian)
        writer.endObject()
        writer.name("rows")
        writer.beginArray()
        for row in rows { row.write(to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
