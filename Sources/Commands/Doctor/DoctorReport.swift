internal import JSON

/// All that the doctor found, and whether a run would be served.
struct DoctorReport: Hashable, Sendable {
    /// Why a run would be refused as things are; nil when it would be served.
    var refusal: String?
    /// Layers that would have to be done without, by the name that `--allow` takes.
    var neededAllowances: [String] = []
    /// `root` or `rootless`.
    var mode: String
    /// `own` or `shared`; nil when nothing ran.
    var hostUser: String?
    /// `control group` or `sampled`; nil when nothing ran.
    var memory: String?
    var findings: [Finding] = []

    var headline: String {
        if let refusal { return "A run would be refused: \(refusal)." }
        let missing = findings.filter { $0.state == .missing }.count
        return missing == 0 ? "All is well." : "Runs are served; \(missing) rows want mending."
    }

    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("ok")
        writer.value(refusal == nil)
        writer.name("refusal")
        writer.value(refusal)
        writer.name("needs_allow")
        writer.beginArray()
        for name in neededAllowances { writer.value(name) }
        writer.endArray()
        writer.name("mode")
        writer.value(mode)
        writer.name("host_uid")
        writer.value(hostUser)
        writer.name("memory")
        writer.value(memory)
        writer.name("checks")
        writer.beginArray()
        for finding in findings { Self.write(finding, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ finding: Finding, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("group")
        writer.value(finding.group.rawValue)
        writer.name("name")
        writer.value(finding.name)
        writer.name("state")
        writer.value(finding.state.rawValue)
        writer.name("why")
        writer.value(finding.why)
        writer.name("mend")
        writer.value(finding.mend)
        writer.endObject()
    }

    /// A table for people.
    func text(coloured: Bool) -> String {
        var lines: [String] = []
        let width = findings.map(\.name.count).max() ?? 0
        for group in Finding.Group.allCases {
            let rows = findings.filter { $0.group == group }
            guard !rows.isEmpty else { continue }
            lines += [Self.paint(group.title, 1, coloured)]
            for row in rows {
                let name = row.name + String(repeating: " ", count: width - row.name.count)
                lines.append("  \(Self.mark(row.state, coloured)) \(name)  \(row.why)")
                if let mend = row.mend {
                    lines.append(String(repeating: " ", count: width + 15) + "mend: \(mend)")
                }
            }
            lines.append("")
        }
        var modes = [mode + " mode"]
        if let hostUser { modes.append("host user of a sandbox: \(hostUser)") }
        if let memory { modes.append("memory held by: \(memory)") }
        lines.append(modes.joined(separator: "; "))
        lines.append(Self.paint(headline, refusal == nil ? 32 : 31, coloured))
        return lines.joined(separator: "\n")
    }

    private static func mark(_ state: Finding.State, _ coloured: Bool) -> String {
        switch state {
        case .inForce: paint("yes    ", 32, coloured)
        case .limited: paint("partly ", 33, coloured)
        case .missing: paint("no     ", 31, coloured)
        case .unknown: paint("unknown", 33, coloured)
        }
    }

    private static func paint(_ text: String, _ colour: Int, _ coloured: Bool) -> String {
        coloured ? "\u{1b}[\(colour)m\(text)\u{1b}[0m" : text
    }
}
