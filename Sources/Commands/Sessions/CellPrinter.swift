internal import Domain
internal import Glibc
internal import JSON

/// Shows on a terminal what a cell says; pictures and pages are saved and named.
final class CellPrinter {
    private let messages: Messages
    private let folder: OutputFolder?
    private let folderName: String
    private var saved = 0

    /// `folder`: Where pictures go; they are only named where there is none.
    init(_ messages: Messages, folder: OutputFolder?, folderName: String) {
        self.messages = messages
        self.folder = folder
        self.folderName = folderName
    }

    func take(_ news: CellNews, count: Int) {
        switch news.event {
        case "stdout": DescriptorOutput.writeAll(news.bytes("text"), to: 1)
        case "stderr": DescriptorOutput.writeAll(news.bytes("text"), to: 2)
        case "result": show(news, head: "Out[\(count)]: ")
        case "display": show(news, head: "")
        case "error": showError(news)
        case "rolled_back": messages.complain("rolled back: the session is as it was before the cell")
        case "failed": messages.complain(Self.message(of: news))
        case "finished": finish(news)
        default: break
        }
    }

    private func show(_ news: CellNews, head: String) {
        let kept = ["image/png", "image/jpeg", "image/svg+xml"].compactMap { keep(news, $0) }
        if let text = news.text("text/plain"), kept.isEmpty || !text.hasPrefix("<Figure") {
            messages.print(head + (text.contains("\n") && !head.isEmpty ? "\n" : "") + text)
        }
        for name in kept { messages.print("[\(name)]") }
    }

    private func keep(_ news: CellNews, _ type: String) -> String? {
        let endings = ["image/png": "png", "image/jpeg": "jpeg", "image/svg+xml": "svg"]
        guard let ending = endings[type], let text = news.text(type) else { return nil }
        guard let folder else { return "picture of \(type); --out FOLDER keeps pictures" }
        guard let content = ending == "svg" ? Array(text.utf8) : Base64.decode(text.filter { $0 != "\n" })
        else { return nil }
        saved += 1
        let name = "picture-\(saved).\(ending)"
        guard let path = try? WorkspacePath(parsing: name) else { return nil }
        do throws(OutputFolder.Refusal) {
            try folder.save(CollectedFile(path: path, content: content, executable: false))
            return "\(folderName)/\(name)"
        } catch {
            messages.complain("\(name) is not written: \(error.reason)")
            return nil
        }
    }

    private func showError(_ news: CellNews) {
        if case .array(let lines) = news.object["traceback"], !lines.isEmpty {
            for case .string(let line) in lines {
                DescriptorOutput.writeAll(Array((line + "\n").utf8), to: 2)
            }
        } else {
            messages.complain("\(news.text("name") ?? "error"): \(news.text("message") ?? "")")
        }
    }

    private func finish(_ news: CellNews) {
        guard let status = news.text("status"), !["succeeded", "failed"].contains(status) else { return }
        var words = status
        if case .object(let limit) = news.object["limit"], case .string(let name) = limit["name"] {
            words += " (\(name))"
        }
        if case .object(let error) = news.object["error"], case .string("engine") = error["source"],
            case .string(let message) = error["message"]
        {
            words += ": \(message)"
        }
        messages.complain(words)
    }

    private static func message(of news: CellNews) -> String {
        guard case .object(let error) = news.object["error"], case .string(let message) = error["message"]
        else {
            return "the cell was refused"
        }
        return message
    }
}
