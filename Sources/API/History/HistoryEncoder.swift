internal import Domain
internal import JSON

/// Writes pages of the history.
enum HistoryEncoder {
    static func encode(_ page: RunPage) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 * (page.runs.count + 1))
        writer.beginObject()
        writer.name("runs")
        writer.beginArray()
        for run in page.runs { write(run, to: &writer) }
        writer.endArray()
        writer.member("next", page.next?.description)
        writer.endObject()
        return writer.bytes
    }

    static func write(_ run: RunRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", run.id.description)
        writer.member("state", run.state.rawValue)
        writer.member("status", run.status?.rawValue)
        writer.member("key", run.key.description)
        writer.member("language", run.language)
        writer.member("version", run.version)
        writer.member("exit_code", run.exitCode.map(Int.init))
        writer.member("signal", run.signal.map(Int.init))
        writer.member("limit", run.limit)
        writer.member("cached", run.cached)
        writer.name("queue_ms")
        writer.milliseconds(run.queued)
        writer.name("usage")
        writer.beginObject()
        writer.name("wall_ms")
        writer.milliseconds(run.wall)
        writer.name("cpu_ms")
        writer.milliseconds(run.cpu)
        writer.member("memory_peak_bytes", run.memoryPeak?.bytes)
        writer.member("output_bytes", run.outputBytes)
        writer.endObject()
        writer.member("created_at", Timestamp.format(run.created))
        writer.member("ended_at", run.ended.map(Timestamp.format))
        writer.endObject()
    }
}
