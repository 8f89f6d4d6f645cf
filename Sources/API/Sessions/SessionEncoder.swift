internal import Domain
internal import JSON

/// Sessions and what is in them, as clients see them.
enum SessionEncoder {
    static func document(_ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        fill(&writer)
        writer.endObject()
        return writer.bytes
    }

    static func list<Value>(
        _ name: StaticString, _ values: [Value], _ fill: (Value, inout JSONWriter) -> Void
    ) -> [UInt8] {
        document { writer in
            writer.name(name)
            writer.beginArray()
            for value in values {
                writer.beginObject()
                fill(value, &writer)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    static func write(_ info: SessionInfo, to writer: inout JSONWriter) {
        writer.member("id", info.id.description)
        writer.member("name", info.request.name)
        writer.member("state", info.state.rawValue)
        if let reason = info.reason { writer.member("reason", reason) }
        writer.member("parent", info.parent?.description)
        writer.member("created_at", Timestamp.format(info.created))
        writer.member("expires_at", info.expires.map(Timestamp.format))
        writer.name("idle_ms")
        writer.milliseconds(info.request.idle)
        writer.name("total_ms")
        writer.milliseconds(info.request.total)
        writer.member("on_timeout", info.request.onTimeout.rawValue)
        writer.name("metadata")
        writer.beginObject()
        for (name, value) in info.request.metadata.sorted(by: { $0.key < $1.key }) {
            writer.name(escaping: name)
            writer.value(value)
        }
        writer.endObject()
        writer.name("receipt")
        RunResultEncoder.write(info.receipt, to: &writer)
    }

    static func write(_ usage: SessionUsage, to writer: inout JSONWriter) {
        writer.member("cells", usage.cells)
        writer.member("commands", usage.commands)
        writer.name("cpu_ms")
        writer.milliseconds(usage.cpu)
        writer.member("memory_bytes", usage.memory?.bytes)
        writer.member("memory_peak_bytes", usage.memoryPeak?.bytes)
        writer.member("disk_bytes", usage.disk?.bytes)
        writer.member("disk_total_bytes", usage.diskTotal?.bytes)
    }

    static func write(_ context: ContextInfo, to writer: inout JSONWriter) {
        writer.member("id", context.id)
        writer.member("language", context.language)
        writer.member("cwd", context.cwd)
        writer.member("busy", context.isBusy)
    }

    static func write(_ command: CommandInfo, to writer: inout JSONWriter) {
        writer.member("pid", command.pid)
        writer.name("cmd")
        writer.beginArray()
        for argument in command.arguments { writer.value(argument) }
        writer.endArray()
        writer.member("cwd", command.cwd)
        writer.member("pty", command.isTerminal)
        writer.member("started_at", Timestamp.format(command.started))
    }

    static func write(_ checkpoint: Checkpoint, to writer: inout JSONWriter) {
        writer.member("id", checkpoint.id)
        writer.member("parent", checkpoint.parent)
        writer.member("created_at", Timestamp.format(checkpoint.created))
        writer.member("memory_bytes", checkpoint.memory?.bytes)
        writer.member("files_bytes", checkpoint.files.bytes)
        writer.name("contexts")
        writer.beginArray()
        for context in checkpoint.contexts { writer.value(context) }
        writer.endArray()
    }

    static func write(_ file: FileState, to writer: inout JSONWriter) {
        writer.member("name", file.name)
        writer.member("path", file.path)
        writer.member("type", file.kind.rawValue)
        writer.member("size_bytes", file.size)
        writer.member("mode", String(file.mode, radix: 8))
        writer.member("modified_at", Timestamp.format(file.modified))
        if let target = file.target { writer.member("target", target) }
    }

    static func write(_ completions: Completions, to writer: inout JSONWriter) {
        writer.name("matches")
        writer.beginArray()
        for match in completions.matches { writer.value(match) }
        writer.endArray()
        writer.member("start", completions.start)
        writer.member("end", completions.end)
    }

    static func write(_ end: CommandEnd, to writer: inout JSONWriter) {
        writer.member("exit_code", end.exitCode.map(Int.init))
        writer.member("signal", end.signal.map(Int.init))
        if let reason = end.reason { writer.member("reason", reason) }
    }

    /// `withOutput`: False where the events before it have told.
    static func write(_ result: CellResult, cell: String, withOutput: Bool, to writer: inout JSONWriter) {
        writer.member("id", cell)
        writer.member("status", result.verdict.status.rawValue)
        writer.member("context", result.context)
        writer.member("execution_count", result.executionCount)
        if withOutput {
            writer.name("stdout")
            writer.text(result.stdout)
            writer.name("stderr")
            writer.text(result.stderr)
            writer.name("results")
            writer.beginArray()
            for shown in result.results { RunResultEncoder.write(shown, to: &writer) }
            writer.endArray()
        }
        writer.name("error")
        if let failure = result.failure {
            RunResultEncoder.write(failure: failure, to: &writer)
        } else {
            RunResultEncoder.write(result.error, to: &writer)
        }
        writer.name("truncated")
        writer.beginObject()
        writer.member("stdout", result.stdoutCut)
        writer.member("stderr", result.stderrCut)
        writer.endObject()
        writer.name("usage")
        RunResultEncoder.write(result.usage, to: &writer)
        writer.name("limit")
        RunResultEncoder.write(result.verdict.limit, to: &writer)
        writer.member("rolled_back", result.isRolledBack)
    }
}
