internal import JSON

/// A Jupyter notebook (nbformat 4), run cell by cell in a session, its outputs put in the place of the old ones.
struct NotebookRun {
    let session: SessionClient
    let language: String
    let messages: Messages

    struct Malformed: Error {
        var reason: String
    }

    /// - Returns: The notebook with what its cells showed, and whether all of them succeeded.
    func run(_ notebook: [UInt8], stopsAtError: Bool) throws(Malformed) -> (
        notebook: [UInt8], succeeded: Bool
    ) {
        guard let value = try? JSONParser.parse(notebook), case .object(var document) = value,
            case .array(var cells) = document["cells"]
        else { throw Malformed(reason: "is no notebook of nbformat 4: it has no list of cells") }
        guard case .number(let format) = document["nbformat"], format.integer == 4 else {
            throw Malformed(reason: "is a notebook of another format than nbformat 4")
        }
        var succeeded = true
        for index in cells.indices {
            guard case .object(var cell) = cells[index], case .string("code") = cell["cell_type"] else {
                continue
            }
            let code = Self.source(cell["source"])
            guard succeeded || !stopsAtError, !code.allSatisfy(\.isWhitespace) else { continue }
            let (outputs, count, isFine) = perform(code)
            Self.set(&cell, "outputs", .array(outputs))
            Self.set(&cell, "execution_count", count.map { .number(JSONNumber($0)) } ?? .null)
            cells[index] = .object(cell)
            succeeded = succeeded && isFine
        }
        Self.set(&document, "cells", .array(cells))
        var writer = JSONWriter(capacity: notebook.count * 2)
        writer.value(JSONValue.object(document))
        return (writer.bytes, succeeded)
    }

    private static func source(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): return text
        case .array(let lines):
            return lines.map { line in
                if case .string(let text) = line { return text }
                return ""
            }.joined()
        default: return ""
        }
    }

    private func perform(_ code: String) -> (outputs: [JSONValue], count: Int?, succeeded: Bool) {
        var outputs: [JSONValue] = []
        do throws(ServiceQuery.Failure) {
            let last = try session.run(code, language: language) { news in
                if let output = Self.output(news) { Self.add(output, to: &outputs) }
            }
            let count = last.integer("execution_count")
            outputs = outputs.map { Self.counted($0, count) }
            if let failure = Self.failure(last) { outputs.append(failure) }
            return (outputs, count, last.text("status") == "succeeded")
        } catch {
            messages.complain(error.message)
            return (outputs, nil, false)
        }
    }

    private static func output(_ news: CellNews) -> JSONValue? {
        switch news.event {
        case "stdout", "stderr":
            return object([
                ("output_type", .string("stream")), ("name", .string(news.event)),
                ("text", .string(String(decoding: news.bytes("text"), as: UTF8.self))),
            ])
        case "result", "display":
            var data = JSONObject()
            data.members = news.object.members.filter { $0.name.contains("/") }
            let kind = news.event == "result" ? "execute_result" : "display_data"
            var members: [(String, JSONValue)] = [
                ("output_type", .string(kind)), ("data", .object(data)), ("metadata", .object(JSONObject())),
            ]
            if kind == "execute_result" { members.append(("execution_count", .null)) }
            return object(members)
        case "error":
            return error(
                name: news.text("name") ?? "", value: news.text("message") ?? "",
                traceback: news.object["traceback"])
        default: return nil
        }
    }

    /// Of a cell that ended otherwise than by an error of its own.
    private static func failure(_ last: CellNews) -> JSONValue? {
        guard let status = last.text("status"), status != "succeeded", status != "failed" else { return nil }
        return error(name: status, value: "the cell ended as \(status)", traceback: nil)
    }

    private static func error(name: String, value: String, traceback: JSONValue?) -> JSONValue {
        object([
            ("output_type", .string("error")), ("ename", .string(name)), ("evalue", .string(value)),
            ("traceback", traceback ?? .array([])),
        ])
    }

    /// Pieces of one stream that follow each other are one output, as Jupyter writes them.
    private static func add(_ output: JSONValue, to outputs: inout [JSONValue]) {
        guard case .object(let new) = output, case .string("stream") = new["output_type"],
            case .object(var last)? = outputs.last, last["output_type"] == new["output_type"],
            last["name"] == new["name"], case .string(let before) = last["text"],
            case .string(let more) = new["text"]
        else { return outputs.append(output) }
        set(&last, "text", .string(before + more))
        outputs[outputs.count - 1] = .object(last)
    }

    private static func counted(_ output: JSONValue, _ count: Int?) -> JSONValue {
        guard case .object(var object) = output, case .string("execute_result") = object["output_type"],
            let count
        else {
            return output
        }
        set(&object, "execution_count", .number(JSONNumber(count)))
        return .object(object)
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        var object = JSONObject()
        object.members = members.map { .init(name: $0.0, value: $0.1) }
        return .object(object)
    }

    private static func set(_ object: inout JSONObject, _ name: String, _ value: JSONValue) {
        if let place = object.members.firstIndex(where: { $0.name == name }) {
            object.members[place].value = value
        } else {
            object.members.append(.init(name: name, value: value))
        }
    }
}
