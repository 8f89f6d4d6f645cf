internal import Domain
internal import Glibc
internal import Posix

extension Command {
    private static let name = CommandOption("name", value: "NAME", "what people call the session")
    private static let language = CommandOption(
        "language", short: "l", value: "LANGUAGE", "python (the default), bash, javascript, typescript, sql"
    )
    private static let code = CommandOption(
        "code", short: "c", value: "CODE", "of 'exec': the cell; else stdin")
    private static let rollback = CommandOption("rollback", "of 'exec': a cell that fails leaves no trace")
    private static let out = CommandOption(
        "out", short: "o", value: "PATH", "folder of pictures; of 'run': the notebook to write")
    private static let keep = CommandOption(
        "keep", "leave the session there at the end")
    private static let stops = CommandOption(
        "stop-at-error", "of 'run': leave out what follows a failed cell")
    private static let memory = CommandOption("memory-mb", value: "N", "of the whole session")
    private static let disk = CommandOption("disk-mb", value: "N", "of its files")
    private static let allow = CommandOption("allow", value: "HOST:PORT,…", "servers that it may reach")

    static let session = Command(
        name: "session", summary: "live sessions of a running service: a prompt, cells, notebooks",
        usage: [
            "session [new] [OPTION…]", "session attach ID", "session exec ID [-c CODE]",
            "session run NOTEBOOK -o OUT",
            "session list|show ID|tree ID|fork ID|end ID [--json]",
        ],
        details: """
            A session is a sandbox that stays: its contexts keep their variables from cell to cell. Without a verb
            a new one is started, with a prompt, and ended with it. At the prompt ':help' lists more.
            """,
        options: [
            .json, name, language, code, rollback, out, keep, stops, memory, disk, allow, RunFlags.data,
        ],
        examples: [
            ("diatom session", "a prompt in a new session"),
            ("diatom session exec ses_… -c 'x = 6 * 7; x'", "one cell in a session that is there"),
            ("diatom session run notebook.ipynb -o out.ipynb", "run a Jupyter notebook"),
            ("diatom session list", "the sessions that are there"),
        ],
        body: { (invocation) throws(UsageError) in
            var words = invocation.parsed.operands[...]
            let verb = words.popFirst() ?? "new"
            let asked = SessionVerbs(invocation)
            switch (verb, words.count) {
            case ("new", 0): return try asked.prompt(in: nil)
            case ("attach", 1): return try asked.prompt(in: words[words.startIndex])
            case ("exec", 1): return try asked.execute(in: words[words.startIndex])
            case ("run", 1): return try asked.runNotebook(words[words.startIndex])
            case ("list", 0): return asked.list()
            case ("show", 1), ("tree", 1), ("fork", 1), ("end", 1):
                return asked.act(verb, words[words.startIndex])
            case ("attach", _), ("exec", _), ("show", _), ("tree", _), ("fork", _), ("end", _):
                throw UsageError("'session \(verb)' takes one ID; 'diatom session list' lists them")
            case ("run", _): throw UsageError("'session run' takes one notebook")
            case ("new", _), ("list", _): throw UsageError("'session \(verb)' takes options only")
            default: throw UsageError("there is no 'session \(verb)'")
            }
        })

    /// What the words after `session` ask for.
    private struct SessionVerbs {
        let invocation: Invocation
        let messages: Messages

        init(_ invocation: Invocation) {
            self.invocation = invocation
            messages = Messages(environment: invocation.environment)
        }

        private var parsed: ParsedArguments { invocation.parsed }

        private func language() throws(UsageError) -> String {
            let name = parsed.value(Command.language) ?? "python"
            guard SessionPrompt.languages.contains(name) else {
                throw UsageError(
                    "--language: '\(name)' has no contexts; \(SessionPrompt.languages.joined(separator: ", ")) have"
                )
            }
            return name
        }

        private func create(
            _ service: ServiceQuery, _ memory: Int?, _ disk: Int?
        ) throws(ServiceQuery.Failure) -> SessionClient {
            let network = parsed.values(Command.allow).flatMap { $0.split(separator: ",").map(String.init) }
            return try SessionClient.create(
                service, name: parsed.value(Command.name), memory: memory, disk: disk, network: network)
        }

        private func printer() throws(UsageError) -> CellPrinter {
            let name = parsed.value(Command.out)
            var folder: OutputFolder?
            if let name { folder = try OutputFolder(name) }
            return CellPrinter(messages, folder: folder, folderName: name ?? "")
        }

        func prompt(in id: String?) throws(UsageError) -> Int32 {
            let language = try language(), printer = try printer()
            let memory = try parsed.count(Command.memory), disk = try parsed.count(Command.disk)
            return invocation.answer { (service) throws(ServiceQuery.Failure) in
                let session: SessionClient
                if let id {
                    session = SessionClient(service: service, id: id)
                    _ = try session.show()
                } else {
                    session = try create(service, memory, disk)
                }
                if isatty(0) == 1 { messages.progress("session \(session.id); ':help' helps, Ctrl-D ends") }
                var prompt = SessionPrompt(
                    session: session, messages: messages, printer: printer, language: language)
                let code = prompt.run(
                    historyFile: invocation.environment["HOME"].map { $0 + "/.diatom_history" })
                if id == nil, !parsed.has(Command.keep) { try session.end() }
                return code
            }
        }

        func execute(in id: String) throws(UsageError) -> Int32 {
            let language = try language(), printer = try printer()
            var code = parsed.value(Command.code) ?? ""
            if parsed.value(Command.code) == nil {
                guard let bytes = try? SmallFile.read(0, limit: 4 << 20) else {
                    throw UsageError("stdin cannot be read")
                }
                code = String(decoding: bytes, as: UTF8.self)
            }
            let cell = code
            return invocation.answer { (service) throws(ServiceQuery.Failure) in
                let session = SessionClient(service: service, id: id)
                let last = try session.run(cell, language: language, rollsBack: parsed.has(Command.rollback))
                { news in
                    if news.event == "input_request" { return }
                    printer.take(news, count: news.integer("execution_count") ?? 0)
                }
                return last.text("status") == "succeeded" ? 0 : 1
            }
        }

        func runNotebook(_ path: String) throws(UsageError) -> Int32 {
            let language = try language()
            let memory = try parsed.count(Command.memory), disk = try parsed.count(Command.disk)
            guard let target = parsed.value(Command.out) else {
                throw UsageError("'session run' needs -o OUT")
            }
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw UsageError("'\(path)': \(String(cString: strerror(errno)))") }
            let file = Descriptor(adopting: descriptor)
            guard let notebook = try? SmallFile.read(file.rawValue, limit: 64 << 20) else {
                throw UsageError("'\(path)' cannot be read")
            }
            return invocation.answer { (service) throws(ServiceQuery.Failure) in
                let session = try create(service, memory, disk)
                let run = NotebookRun(session: session, language: language, messages: messages)
                let outcome: (notebook: [UInt8], succeeded: Bool)
                do throws(NotebookRun.Malformed) {
                    outcome = try run.run(notebook, stopsAtError: parsed.has(Command.stops))
                } catch {
                    throw ServiceQuery.Failure(
                        message: "'\(path)' \(error.reason)", code: ExitCode.wrongUsage)
                }
                if !parsed.has(Command.keep) { try session.end() }
                let written = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
                guard written >= 0, DescriptorOutput.writeAll(outcome.notebook, to: written),
                    close(written) == 0
                else {
                    throw ServiceQuery.Failure(
                        message: "'\(target)': \(String(cString: strerror(errno)))",
                        code: ExitCode.engineFailed)
                }
                return outcome.succeeded ? 0 : 1
            }
        }

        func list() -> Int32 {
            invocation.answer { (service) throws(ServiceQuery.Failure) in
                let answer = try SessionClient.list(service)
                messages.print(
                    parsed.has(.json) ? String(decoding: answer, as: UTF8.self) : SessionReport.table(answer))
                return 0
            }
        }

        func act(_ verb: String, _ id: String) -> Int32 {
            invocation.answer { (service) throws(ServiceQuery.Failure) in
                let session = SessionClient(service: service, id: id)
                switch verb {
                case "tree":
                    let answer = try session.tree()
                    messages.print(
                        parsed.has(.json)
                            ? String(decoding: answer, as: UTF8.self) : SessionReport.tree(answer))
                case "fork": messages.print(String(decoding: try session.act("fork"), as: UTF8.self))
                case "end": try session.end()
                default: messages.print(String(decoding: try session.show(), as: UTF8.self))
                }
                return 0
            }
        }
    }
}
