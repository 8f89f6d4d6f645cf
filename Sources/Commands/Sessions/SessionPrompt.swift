internal import Domain
internal import Glibc

/// A conversation with a session: a person types cells and sees what they do.
struct SessionPrompt {
    let session: SessionClient
    let messages: Messages
    let printer: CellPrinter
    var language: String

    static let languages = ["python", "bash", "javascript", "typescript", "sql"]

    static let help = """
        A cell ends with its line; one that ends in ':' or '\\' or has open brackets goes on until an empty line.
          :python, :bash, :javascript, :typescript, :sql   the language of the next cells
          :checkpoint      keep the state; :rollback [ID] returns to it
          :fork            make a copy of the session, and name it
          :tree            the sessions that this one came from, and its forks
          :help, :quit     (or Ctrl-D)
        """

    /// Until the input ends.
    ///
    /// - Returns: The exit code: of input that is no terminal, 1 if a cell did not succeed.
    mutating func run(historyFile: String?) -> Int32 {
        let session = session
        let editor = LineEditor(historyFile: historyFile) { text in
            session.complete(text, cursor: text.count, context: "ctx_0")
        }
        var count = 1
        var failed = false
        while let line = editor.line("In [\(count)]: ") {
            if line.hasPrefix(":") {
                guard command(line.dropFirst().split(separator: " ").map(String.init)) else { break }
                continue
            }
            let code = whole(line, editor)
            guard !code.allSatisfy(\.isWhitespace) else { continue }
            let (succeeded, next) = perform(code, count)
            failed = failed || !succeeded
            count = next ?? count
        }
        return failed && isatty(0) == 0 ? 1 : 0
    }

    private func whole(_ line: String, _ editor: LineEditor) -> String {
        var code = line
        guard language == "python" else { return code }
        while Self.goesOn(code), let more = editor.line("   ...: ") {
            if more.isEmpty { break }
            code += "\n" + more
        }
        return code
    }

    /// Whether a person expects to go on typing; Python itself decides when it runs.
    static func goesOn(_ code: String) -> Bool {
        let last = code.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
        if code.contains("\n"), !last.isEmpty, last.first?.isWhitespace == true { return true }
        let depth = code.reduce(0) { $0 + ("([{".contains($1) ? 1 : ")]}".contains($1) ? -1 : 0) }
        return depth > 0 || code.hasSuffix(":") || code.hasSuffix("\\") || last.hasPrefix("@")
    }

    private func perform(_ code: String, _ count: Int) -> (succeeded: Bool, next: Int?) {
        var cell = ""
        do throws(ServiceQuery.Failure) {
            let last = try session.run(code, language: language) { news in
                if news.event == "started" { cell = news.text("id") ?? "" }
                if news.event == "input_request" { return answer(news, cell) }
                printer.take(news, count: count)
            }
            return (last.text("status") == "succeeded", last.integer("execution_count").map { $0 + 1 })
        } catch {
            messages.complain(error.message)
            return (false, nil)
        }
    }

    private func answer(_ news: CellNews, _ cell: String) {
        let prompt = news.text("prompt") ?? ""
        var text: String?
        if case .bool(true) = news.object["password"], isatty(0) == 1 {
            text = getpass(prompt).map { String(cString: $0) }
        } else {
            DescriptorOutput.writeAll(Array(prompt.utf8), to: 1)
            text = readLine()
        }
        session.answer(cell: cell, request: news.text("id") ?? "", text: text)
    }

    /// - Returns: Whether to go on.
    private mutating func command(_ words: [String]) -> Bool {
        do throws(ServiceQuery.Failure) {
            switch words.first {
            case "quit", "q", "exit": return false
            case let name? where Self.languages.contains(name): language = name
            case "checkpoint":
                let kept = try SessionJSON.read(try session.act("checkpoints"))
                messages.print("kept as \(kept.text("id") ?? "")")
            case "rollback":
                let wanted = words.count > 1 ? words[1] : nil
                let kept = try SessionJSON.read(
                    try session.act("rollback") { $0.member("checkpoint", wanted) })
                messages.print("the session is as it was at \(kept.text("id") ?? "")")
            case "fork":
                let answer = try SessionJSON.read(try session.act("fork"))
                guard case .array(let forks) = answer.object["sessions"] else { throw SessionJSON.malformed }
                for case .object(let fork) in forks {
                    messages.print("diatom session attach \(RunResultReader(object: fork).text("id") ?? "")")
                }
            case "tree": messages.print(SessionReport.tree(try session.tree()))
            default: messages.print(Self.help)
            }
        } catch { messages.complain(error.message) }
        return true
    }
}
