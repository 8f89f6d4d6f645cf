/// A file of a session, as it stands.
package struct FileState: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case file, folder, link, other }

    package var name: String
    /// Absolute.
    package var path: String
    package var kind: Kind
    package var size: Int
    /// Permission bits.
    package var mode: UInt32
    /// Nanoseconds since 1970.
    package var modified: Int64
    /// Where a link leads.
    package var target: String?

    package init(name: String, path: String, kind: Kind, size: Int, mode: UInt32, modified: Int64) {
        self.name = name
        self.path = path
        self.kind = kind
        self.size = size
        self.mode = mode
        self.modified = modified
    }
}

/// The bytes of a file that is open.
package protocol FileContent: Sendable {
    /// - Returns: At most `count` bytes; fewer at the end, none after it.
    func read(at offset: Int, count: Int) throws(RequestError) -> [UInt8]
}

/// A file that is being written.
package protocol FileWriter: Sendable {
    func write(_ bytes: [UInt8]) throws(RequestError)
}

/// What happened to a file that is watched.
package struct FileChange: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case created, modified, removed, renamed, attributes }

    package var kind: Kind
    /// Within the folder that is watched.
    package var name: String

    package init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }
}
