internal import Digest
package import Domain
internal import JSON

/// Writes a run result as the contract shows it, field for field and in its order.
package enum RunResultEncoder {
    /// How much of a result is written.
    package enum Extent: Sendable {
        case whole
        /// What the events of a run have not told: without output, results, files and tests.
        case withoutStreamed
        /// Files without their contents, which are kept apart.
        case withoutContents
    }

    package static func encode(_ result: RunResult, _ extent: Extent = .whole) -> [UInt8] {
        var writer = JSONWriter(capacity: ([result] + result.runs).reduce(512) { $0 + expectedSize(of: $1) })
        writer.beginObject()
        write(identityOf: result, to: &writer)
        write(outcomeOf: result, extent, to: &writer)
        writer.name("compile")
        write(result.compile, to: &writer)
        if !result.runs.isEmpty, extent != .withoutStreamed {
            writer.name("runs")
            writer.beginArray()
            for run in result.runs { write(test: run, extent, to: &writer) }
            writer.endArray()
        }
        write(measuresOf: result, extent, to: &writer)
        writer.name("security")
        writer.null()
        if let environment = result.environment {
            writer.name("environment")
            writer.value(environment)
        }
        writer.name("receipt")
        write(result.receipt, to: &writer)
        writer.name("cached")
        writer.value(false)
        writer.name("queue_ms")
        writer.milliseconds(result.queued)
        writer.name("created_at")
        writer.value(Timestamp.format(result.created))
        writer.endObject()
        return writer.bytes
    }

    private static func expectedSize(of result: RunResult) -> Int {
        let files = result.files.reduce(0) { $0 + $1.content.count / 3 * 4 + 512 }
        let shown = result.results.reduce(0) { $1.forms.reduce($0) { $0 + $1.json.count + 64 } }
        return 1_024 + shown + result.stdout.count + result.stderr.count + files
    }

    /// One of the request's tests: what a run says, without what is the same for all of them.
    static func write(test result: RunResult, _ extent: Extent = .whole, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("status")
        writer.value(result.verdict.status.rawValue)
        write(endOf: result, to: &writer)
        write(outcomeOf: result, extent, to: &writer)
        write(measuresOf: result, extent, to: &writer)
        writer.name("queue_ms")
        writer.milliseconds(result.queued)
        writer.endObject()
    }

    private static func write(outcomeOf result: RunResult, _ extent: Extent, to writer: inout JSONWriter) {
        write(outputOf: result, extent, to: &writer)
        if extent != .withoutStreamed {
            writer.name("results")
            writer.beginArray()
            for shown in result.results { write(shown, to: &writer) }
            writer.endArray()
        }
        writer.name("error")
        if let failure = result.failure {
            write(failure: failure, to: &writer)
        } else {
            write(result.error, to: &writer)
        }
    }

    static func write(_ shown: RichResult, to writer: inout JSONWriter) {
        writer.beginObject()
        for form in shown.forms {
            writer.name(escaping: form.type)
            writer.value(json: form.json)
        }
        writer.name("source")
        writer.value("guest")
        writer.endObject()
    }

    private static func write(measuresOf result: RunResult, _ extent: Extent, to writer: inout JSONWriter) {
        writer.name("usage")
        write(result.usage, to: &writer)
        writer.name("limit")
        write(result.verdict.limit, to: &writer)
        if extent != .withoutStreamed {
            writer.name("files")
            writer.beginArray()
            for file in result.files { write(file, withContent: extent == .whole, to: &writer) }
            writer.endArray()
        }
        if result.filesLeftOut > 0 { write(filesLeftOutOf: result, to: &writer) }
        if let use = result.network { NetworkEncoder.write(use, to: &writer) }
    }

    private static func write(identityOf result: RunResult, to writer: inout JSONWriter) {
        writer.name("id")
        writer.value(result.id.description)
        writer.name("status")
        writer.value(result.verdict.status.rawValue)
        writer.name("language")
        writer.value(result.language)
        writer.name("version")
        writer.value(result.version)
        writer.name("detected")
        writer.value(result.detected)
        write(endOf: result, to: &writer)
    }

    private static func write(endOf result: RunResult, to writer: inout JSONWriter) {
        writer.name("exit_code")
        writer.value(result.verdict.exitCode.map(Int.init))
        writer.name("signal")
        writer.value(result.verdict.signal.map(Int.init))
    }

    private static func write(outputOf result: RunResult, _ extent: Extent, to writer: inout JSONWriter) {
        if extent != .withoutStreamed {
            writer.name("stdout")
            writer.text(result.stdout)
            writer.name("stderr")
            writer.text(result.stderr)
        }
        writer.name("truncated")
        writer.beginObject()
        writer.name("stdout")
        writer.value(result.stdoutCut)
        writer.name("stderr")
        writer.value(result.stderrCut)
        writer.endObject()
    }

    private static func write(filesLeftOutOf result: RunResult, to writer: inout JSONWriter) {
        writer.name("files_left_out")
        writer.beginObject()
        writer.name("count")
        writer.value(result.filesLeftOut)
        writer.name("reason")
        writer.value(result.filesLeftOutReason)
        writer.endObject()
    }

    /// What went wrong with the sandbox itself: not the guest's word.
    static func write(failure: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("name")
        writer.value("EngineFailure")
        writer.name("message")
        writer.value(failure)
        writer.name("source")
        writer.value("engine")
        writer.endObject()
    }

    static func write(_ error: GuestError?, to writer: inout JSONWriter) {
        guard let error else { return writer.null() }
        writer.beginObject()
        writer.name("name")
        writer.value(error.name)
        writer.name("message")
        writer.value(error.message)
        writer.name("file")
        writer.value(error.file)
        writer.name("line")
        writer.value(error.line)
        writer.name("column")
        writer.value(error.column)
        writer.name("category")
        writer.null()
        writer.name("severity")
        writer.null()
        writer.name("traceback")
        writer.beginArray()
        for line in error.traceback { writer.value(line) }
        writer.endArray()
        writer.name("hint")
        writer.value(error.hint)
        writer.name("source")
        writer.value("guest")
        writer.endObject()
    }

    /// One of many errors of a compiler, without what only a run's error has.
    private static func write(diagnostic error: GuestError, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("name")
        writer.value(error.name)
        writer.name("message")
        writer.value(error.message)
        writer.name("file")
        writer.value(error.file)
        writer.name("line")
        writer.value(error.line)
        writer.name("column")
        writer.value(error.column)
        writer.name("source")
        writer.value("guest")
        writer.endObject()
    }

    static func write(_ compile: CompileResult?, to writer: inout JSONWriter) {
        guard let compile else { return writer.null() }
        writer.beginObject()
        writer.name("status")
        writer.value(compile.verdict.status.rawValue)
        writer.name("exit_code")
        writer.value(compile.verdict.exitCode.map(Int.init))
        writer.name("signal")
        writer.value(compile.verdict.signal.map(Int.init))
        writer.name("stdout")
        writer.text(compile.stdout)
        writer.name("stderr")
        writer.text(compile.stderr)
        writer.name("errors")
        writer.beginArray()
        for error in compile.errors { write(diagnostic: error, to: &writer) }
        writer.endArray()
        writer.name("cached")
        writer.value(compile.cached)
        writer.name("usage")
        write(compile.usage, to: &writer)
        writer.name("limit")
        write(compile.verdict.limit, to: &writer)
        writer.endObject()
    }

    static func write(_ usage: Usage, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("wall_ms")
        writer.milliseconds(usage.wall)
        writer.name("cpu_ms")
        writer.milliseconds(usage.cpu)
        writer.name("memory_peak_bytes")
        writer.value(usage.memoryPeak?.bytes)
        writer.name("processes_peak")
        writer.value(usage.processesPeak)
        writer.name("output_bytes")
        writer.value(usage.output.bytes)
        writer.name("system_calls")
        if let calls = usage.systemCalls {
            writer.beginObject()
            for (name, count) in calls.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) {
                writer.name(escaping: name)
                writer.value(count)
            }
            writer.endObject()
        } else {
            writer.null()
        }
        writer.endObject()
    }

    static func write(_ hit: LimitHit?, to writer: inout JSONWriter) {
        guard let hit else { return writer.null() }
        writer.beginObject()
        writer.name("name")
        writer.value(hit.name.rawValue)
        writer.name("allowed")
        if let whole = Int(exactly: hit.allowed) { writer.value(whole) } else { writer.value(hit.allowed) }
        writer.name("measured")
        writer.value(hit.measured)
        writer.name("how")
        writer.value(hit.how)
        writer.endObject()
    }

    static func write(_ file: CollectedFile, withContent: Bool = true, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("path")
        writer.value(file.path.description)
        writer.name("size_bytes")
        writer.value(file.content.count)
        writer.name("sha256")
        writer.value(SHA256.hexadecimal(file.content))
        writer.name("type")
        writer.value(MediaType.guess(file.path))
        writer.name("content")
        if withContent { writer.base64(file.content) } else { writer.null() }
        writer.endObject()
    }

    static func write(_ receipt: Receipt?, to writer: inout JSONWriter) {
        guard let receipt else { return writer.null() }
        writer.beginObject()
        writer.name("backend")
        writer.value(receipt.backend)
        writer.name("layers")
        writer.beginArray()
        for layer in receipt.layers { writer.value(layer) }
        writer.endArray()
        writer.name("policy")
        writer.value(receipt.policy)
        writer.name("host_uid")
        writer.value(receipt.hostUser.rawValue)
        writer.name("start")
        writer.value(receipt.start.rawValue)
        writer.name("memory")
        writer.value(receipt.memory)
        writer.name("network")
        NetworkEncoder.write(receipt.network, to: &writer)
        writer.endObject()
    }
}
