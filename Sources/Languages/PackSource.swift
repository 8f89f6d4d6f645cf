internal import CAssets

/// A pack as text, not yet decoded.
package struct PackSource: Hashable, Sendable {
    package var id: String
    package var json: [UInt8]

    package init(id: String, json: [UInt8]) {
        self.id = id
        self.json = json
    }

    /// The packs inside this program, most used first.
    package static func embedded() -> [PackSource] {
        let table = UnsafeBufferPointer(start: cassets_languages(), count: cassets_language_count())
        return table.map { row in
            PackSource(
                id: String(cString: row.id),
                json: Array(UnsafeBufferPointer(start: row.bytes, count: row.length)))
        }
    }
}
