/// What is known of one environment: a set of libraries that was laid out and is never changed.
package struct EnvironmentRecord: Hashable, Sendable {
    package struct Library: Hashable, Sendable {
        package var name: String
        package var version: String

        package init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    /// 32 hexadecimal digits over the Python, the platform and every wheel.
    package var hash: String
    /// Implementation and version, as in `cpython 3.11.2`.
    package var python: String
    package var platform: String
    package var libraries: [Library]
    /// Names that a program can import at the top level.
    package var modules: [String]
    package var files: Int
    package var size: ByteCount
    /// Nanoseconds since 1970.
    package var created: Int64
    package var used: Int64

    package init(
        hash: String, python: String, platform: String, libraries: [Library], modules: [String] = [],
        files: Int = 0, size: ByteCount = ByteCount(bytes: 0), created: Int64, used: Int64
    ) {
        self.hash = hash
        self.python = python
        self.platform = platform
        self.libraries = libraries
        self.modules = modules
        self.files = files
        self.size = size
        self.created = created
        self.used = used
    }

    /// Where all environments are in a sandbox.
    package static let place = "/diatom/environments"

    /// Where a sandbox finds this one.
    package var folder: String { "\(Self.place)/\(hash)" }

    /// Whether a text can be a hash.
    package static func isHash(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
