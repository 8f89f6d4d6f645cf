internal import API
internal import Domain
internal import Languages

extension Command {
    static let run = Command(
        name: "run", summary: "run a program in a sandbox of its own",
        usage: [
            "run FILE… [-- ARG…]",
            "run -l LANGUAGE -c CODE [-- ARG…]",
            "run --json < request.json",
        ],
        details: """
            The first FILE is started, the others lie beside it; '-' is code from stdin. The program reads
            this command's stdin, and its output comes out here. A running service is used when one listens in
            the data directory; else the command works alone. With DIATOM_URL (and DIATOM_API_KEY) the service
            of that address is used, and nothing runs here; --data comes first.

            With --test or --tests the program is compiled once and run for each, in a sandbox of its own; the
            exit code is that of the first that failed. With --rich, --out DIR keeps figures and tables.

            The exit code is the program's own, or: 124 time limit, 137 memory, 122 output or disk,
            123 did not compile, 126 refused, 130 cancelled, 125 the engine failed, 128+n killed by
            signal n, 2 wrong usage. A line on stderr that begins 'diatom: STATUS:' says why.
            """,
        options: RunFlags.all,
        examples: [
            ("diatom run main.py", "run a file"),
            ("echo 3 | diatom run square.py", "with input"),
            (
                "diatom run main.c util.c util.h -- -n 5",
                "several files; the words after -- go to the program"
            ),
            ("diatom run -l bash -c 'echo $((6 * 7))'", "a line of code"),
            ("diatom run --wall-ms 1000 --memory-mb 64 main.py", "with less time and memory"),
            ("diatom run main.c --test 1.txt --test 2.txt", "compile once, run once for each input"),
            ("diatom run query.sql sales.csv", "SQL over a file, here the table 'sales'"),
            ("diatom run --library numpy plot.py", "with a library, which is fetched the first time"),
            ("diatom run --rich --out plots plot.py", "show values, keep figures"),
            ("diatom run --collect '*.png' --out plots plot.py", "keep the files it makes"),
            ("diatom run --network example.org:443 fetch.py", "let it reach one server, and nothing else"),
        ],
        body: { (invocation) throws(UsageError) in try RunCommand(invocation).perform() })
}

/// `diatom run`, from the parsed line to the exit code.
struct RunCommand {
    private let invocation: Invocation
    private let parsed: ParsedArguments
    private let messages: Messages
    private let privateEndpoints: [NetworkPolicy.Endpoint]

    init(_ invocation: Invocation) throws(UsageError) {
        self.invocation = invocation
        parsed = invocation.parsed
        privateEndpoints = try RunFlags.endpoints(invocation.parsed, RunFlags.allowPrivate)
        messages = Messages(environment: invocation.environment)
    }

    func perform() throws(UsageError) -> Int32 {
        if let key = parsed.value(RunFlags.idempotencyKey) {
            let isPlain = (1...255).contains(key.utf8.count) && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
            guard isPlain else { throw UsageError("--idempotency-key takes 1 to 255 printable characters") }
        }
        if parsed.has(RunFlags.json) { return try performJSON() }
        var plan = try RunPlan(parsed, catalogue: try invocation.catalogue())
        let wantsFolder =
            parsed.has(RunFlags.collect) || (parsed.has(RunFlags.rich) && parsed.has(RunFlags.out))
        let folder = wantsFolder ? try OutputFolder(parsed.value(RunFlags.out) ?? ".") : nil
        let interrupts = Interrupts()
        do throws(RunBackend.Failure) {
            let backend = try backend(for: &plan.request)
            try prepare(plan, backend, interrupts)
            let result = try backend.run(plan.request, interrupts: interrupts)
            TestReport(messages).print(result.runs)
            if plan.request.rich { RichReport(messages).print(result.results, into: folder) }
            return finish(result, by: backend, into: folder)
        } catch {
            return fail(error)
        }
    }

    /// The running service if there is one and it can be given this stdin, else an engine of our own.
    private func backend(for request: inout RunRequest) throws(RunBackend.Failure) -> RunBackend {
        let codeCameFromStdin = request.stdin == .bytes([])
        if let service = try service() {
            if codeCameFromStdin { return .service(service) }
            request.stdin = StdinReader(descriptor: 0).read()
            if case .bytes = request.stdin { return .service(service) }
        }
        return .engine(try engine())
    }

    /// Has the service make the program's environment first, so that what it does can be told meanwhile.
    private func prepare(
        _ plan: RunPlan, _ backend: RunBackend, _ interrupts: Interrupts
    ) throws(RunBackend.Failure) {
        guard case .service = backend, let wish = try wish(plan.request) else { return }
        guard let client = try EnvironmentClient(try invocation.place(), interrupts: interrupts) else {
            return
        }
        _ = try client.build(wish) { messages.progress($0) }
    }

    private func wish(_ request: RunRequest) throws(RunBackend.Failure) -> EnvironmentWish? {
        guard let language = request.language,
            let entry = request.entry.flatMap({ try? WorkspacePath(parsing: $0) }),
            let pack = try? invocation.catalogue().pack(named: language)
        else { return nil }
        do throws(RequestError) {
            let wish = try LibraryWish.of(request, pack: pack, entry: entry)
            guard !wish.isEmpty else { return nil }
            return EnvironmentWish(language: language, libraries: wish.requirements, builds: wish.builds)
        } catch {
            throw .request(error)
        }
    }

    private func service() throws(RunBackend.Failure) -> ServiceBackend? {
        guard !parsed.has(RunFlags.alone) else { return nil }
        let place = try invocation.place()
        do throws(ServicePlace.Unreachable) {
            return try ServiceBackend(
                place, idempotencyKey: parsed.value(RunFlags.idempotencyKey),
                usesCache: parsed.has(RunFlags.cache))
        } catch {
            throw .broken(error.message)
        }
    }

    private func engine() throws(RunBackend.Failure) -> EngineBackend {
        let configuration = AloneConfiguration(
            data: invocation.dataFolder, allowed: parsed.values(RunFlags.allow),
            verbose: parsed.has(RunFlags.verbose), toolchains: invocation.toolchainFile,
            variables: invocation.environment, privateEndpoints: privateEndpoints)
        do throws(RequestError) {
            return EngineBackend(runner: try invocation.makeRunner(configuration))
        } catch {
            throw .request(error)
        }
    }

    private func finish(_ result: RunResult, by backend: RunBackend, into folder: OutputFolder?) -> Int32 {
        if let compile = result.compile, compile.verdict.status != .succeeded || parsed.has(RunFlags.verbose)
        {
            DescriptorOutput.writeAll(compile.stdout + compile.stderr, to: 2)
        }
        let report = RunReport(result)
        if let hint = result.error?.hint { messages.complain(hint) }
        if let line = report.line { messages.status(result.verdict.status, line) }
        if parsed.has(RunFlags.verbose) { messages.complain("\(backend.name): \(report.usage)") }
        if let use = result.network {
            NetworkReport(messages).print(use, inFull: parsed.has(RunFlags.verbose))
        }
        if parsed.has(RunFlags.receipt) { messages.complain("receipt: \(report.receipt)") }
        if parsed.has(RunFlags.profile) { for row in report.systemCalls { messages.complain(row) } }
        let saved = save(result, into: folder)
        let code = ExitCode.of(result.verdict)
        return code == 0 && !saved ? 1 : code
    }

    /// Whether every file that came back could be written.
    private func save(_ result: RunResult, into folder: OutputFolder?) -> Bool {
        guard let folder else { return true }
        var saved = true
        for file in result.files {
            do throws(OutputFolder.Refusal) {
                try folder.save(file)
            } catch {
                messages.complain(
                    "\(file.path.description.shortened(to: 200)) is not written: \(error.reason)")
                saved = false
            }
        }
        if result.filesLeftOut > 0 {
            let reason = result.filesLeftOutReason.map { " (\($0.shortened(to: 200)))" } ?? ""
            messages.complain("\(result.filesLeftOut) files matched and did not come back\(reason)")
        }
        return saved
    }

    private func fail(_ failure: RunBackend.Failure) -> Int32 {
        switch failure {
        case .request(let error):
            messages.complain("run: \(error.message)")
            return ExitCode.of(error)
        case .broken(let reason):
            messages.status(.engineFailed, reason)
            return ExitCode.engineFailed
        case .interrupted:
            messages.status(.cancelled, "interrupted")
            return ExitCode.cancelled
        case .nobodyReads:
            return 128 + 13
        }
    }
}

extension RunCommand {
    private func performJSON() throws(UsageError) -> Int32 {
        let harmless = [
            RunFlags.json, RunFlags.alone, RunFlags.data, RunFlags.allow, RunFlags.allowPrivate,
            RunFlags.verbose,
        ]
        let stray = RunFlags.all.first { option in
            parsed.has(option) && option != RunFlags.idempotencyKey && !harmless.contains(option)
        }
        if let stray {
            throw UsageError("--\(stray.name) has no meaning with --json; the request says it all")
        }
        guard parsed.operands.isEmpty, parsed.rest == nil else {
            throw UsageError("--json takes the request from stdin and no files")
        }
        guard let body = StdinReader(descriptor: 0).readToEnd(most: StdinReader.largestRequest) else {
            throw UsageError(
                "stdin holds more than \(StdinReader.largestRequest >> 20) MiB, or cannot be read")
        }
        let interrupts = Interrupts()
        let catalogue = try invocation.catalogue()
        do throws(RunBackend.Failure) {
            let answer: [UInt8]
            if let service = try service() {
                answer = try service.forward(body, interrupts: interrupts)
            } else {
                answer = try runJSON(body, catalogue, interrupts: interrupts)
            }
            return DescriptorOutput.writeAll(answer + [UInt8(ascii: "\n")], to: 1) ? 0 : 128 + 13
        } catch {
            if case .request(let error) = error { DescriptorOutput.writeAll(ErrorText.json(error), to: 1) }
            return fail(error)
        }
    }

    private func runJSON(
        _ body: [UInt8], _ catalogue: LanguageCatalogue, interrupts: Interrupts
    ) throws(RunBackend.Failure) -> [UInt8] {
        let languages = CatalogueDirectory(catalogue)
        let request: RunRequest
        do throws(RequestError) {
            request = try RunRequestDecoder(maxima: LimitMaxima(), languages: languages).decode(body).request
        } catch {
            throw .request(error)
        }
        let result = try engine().run(request, interrupts: interrupts, prints: false)
        return RunResultEncoder.encode(result)
    }
}
