internal import Domain
internal import JSON

/// Rich results on a terminal: text is printed, pictures are kept where a folder is given.
struct RichReport {
    private let messages: Messages

    init(_ messages: Messages) { self.messages = messages }

    func print(_ results: [RichResult], into folder: OutputFolder?) {
        for (index, result) in results.enumerated() {
            if let text = string(result, "text/plain") {
                DescriptorOutput.writeAll(Array(text.utf8) + (text.hasSuffix("\n") ? [] : [10]), to: 1)
            }
            if let folder { save(result, number: index + 1, into: folder) }
        }
    }

    private func save(_ result: RichResult, number: Int, into folder: OutputFolder) {
        for (type, ending) in [("image/png", "png"), ("image/jpeg", "jpeg")] {
            guard let text = string(result, type), let content = Base64.decode(text) else { continue }
            keep(content, as: "result-\(number).\(ending)", into: folder)
        }
        for (type, ending) in [("text/html", "html"), ("image/svg+xml", "svg")] {
            guard let text = string(result, type) else { continue }
            keep(Array(text.utf8), as: "result-\(number).\(ending)", into: folder)
        }
    }

    private func keep(_ content: [UInt8], as name: String, into folder: OutputFolder) {
        guard let path = try? WorkspacePath(parsing: name) else { return }
        do throws(OutputFolder.Refusal) {
            try folder.save(CollectedFile(path: path, content: content, executable: false))
        } catch {
            messages.complain("\(name) is not written: \(error.reason)")
        }
    }

    private func string(_ result: RichResult, _ type: String) -> String? {
        guard let form = result.forms.first(where: { $0.type == type }),
            let value = try? JSONParser.parse(form.json), case .string(let text) = value
        else { return nil }
        return text
    }
}
