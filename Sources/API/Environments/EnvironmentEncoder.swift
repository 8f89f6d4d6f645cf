package import Domain
internal import JSON

/// Environments as clients see them.
package enum EnvironmentEncoder {
    package static func encode(_ state: EnvironmentState) -> [UInt8] {
        var writer = JSONWriter()
        switch state {
        case .ready(let record): write(record, condition: nil, to: &writer)
        case .building(let build): write(build, to: &writer)
        case .failed(let error): return APIError(error).body
        }
        return writer.bytes
    }

    /// `condition`: What reading every byte found.
    package static func encode(_ record: EnvironmentRecord, condition: EnvironmentCondition) -> [UInt8] {
        var writer = JSONWriter()
        write(record, condition: condition, to: &writer)
        return writer.bytes
    }

    package static func encode(list kept: [EnvironmentRecord], underWay: [EnvironmentBuild]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("environments")
        writer.beginArray()
        for build in underWay { write(build, to: &writer) }
        for record in kept { write(record, condition: nil, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    package static func encode(_ sweep: EnvironmentSweep) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("removed")
        write(sweep.removed, to: &writer)
        writer.name("freed_bytes")
        writer.value(sweep.freed.bytes)
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ build: EnvironmentBuild, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("id")
        writer.value(build.id)
        writer.name("state")
        writer.value("building")
        writer.name("libraries")
        write(build.libraries, to: &writer)
        writer.name("progress")
        writer.value(build.progress)
        writer.endObject()
    }

    private static func write(
        _ record: EnvironmentRecord, condition: EnvironmentCondition?, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.name("id")
        writer.value(record.hash)
        writer.name("state")
        if case .damaged(let why) = condition {
            writer.value("damaged")
            writer.name("damage")
            writer.value(why)
        } else {
            writer.value("ready")
        }
        if let condition {
            writer.name("verified")
            writer.value(condition == .whole)
        }
        writer.name("python")
        writer.value(record.python)
        writer.name("platform")
        writer.value(record.platform)
        writer.name("libraries")
        write(record.libraries.map { "\($0.name)==\($0.version)" }, to: &writer)
        writer.name("modules")
        write(record.modules, to: &writer)
        writer.name("files")
        writer.value(record.files)
        writer.name("size_bytes")
        writer.value(record.size.bytes)
        writer.name("created_at")
        writer.value(Timestamp.format(record.created))
        writer.name("used_at")
        writer.value(Timestamp.format(record.used))
        writer.endObject()
    }

    private static func write(_ texts: [String], to writer: inout JSONWriter) {
        writer.beginArray()
        for text in texts { writer.value(text) }
        writer.endArray()
    }
}
