internal import JSON

/// Sessions for people.
enum SessionReport {
    static func table(_ answer: [UInt8]) -> String {
        guard case .object(let object)? = try? JSONParser.parse(answer),
            case .array(let sessions) = object["sessions"]
        else {
            return String(decoding: answer, as: UTF8.self)
        }
        let alive = sessions.filter { session in
            guard case .object(let object) = session, case .string(let state) = object["state"] else {
                return false
            }
            return state == "running" || state == "paused"
        }
        guard !alive.isEmpty else { return "no sessions; 'diatom session' starts one" }
        var rows = [["ID", "STATE", "CREATED", "NAME"]]
        for case .object(let session) in alive {
            let reader = RunResultReader(object: session)
            let reason = reader.text("reason").map { " (\($0))" } ?? ""
            rows.append([
                reader.text("id") ?? "", (reader.text("state") ?? "") + reason,
                String((reader.text("created_at") ?? "").prefix(19)), reader.text("name") ?? "",
            ])
        }
        let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            (0..<3).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count + 2) }.joined()
                + row[3]
        }.joined(separator: "\n")
    }

    static func tree(_ answer: [UInt8]) -> String {
        guard case .object(let root)? = try? JSONParser.parse(answer) else { return "" }
        var lines: [String] = []
        func add(_ node: JSONObject, _ depth: Int) {
            guard depth < 64 else { return }
            let reader = RunResultReader(object: node)
            let name = reader.text("name").map { "  \($0)" } ?? ""
            lines.append(
                String(repeating: "  ", count: depth)
                    + "\(reader.text("id") ?? "")  \(reader.text("state") ?? "")\(name)")
            guard case .array(let forks) = node["forks"] else { return }
            for case .object(let fork) in forks { add(fork, depth + 1) }
        }
        add(root, 0)
        return lines.joined(separator: "\n")
    }
}
