/// A locked set of libraries that stands ready for runs, as they are told of it.
package struct EnvironmentImage: Hashable, Sendable {
    /// Its name among environments: 32 hexadecimal digits.
    package var hash: String
    /// The top-level modules that its own metadata lists; no others are imported ahead.
    package var modules: Set<String>

    package init(hash: String, modules: Set<String>) {
        self.hash = hash
        self.modules = modules
    }

    /// Where sandboxes see it.
    package var folder: String { "/diatom/environments/\(hash)" }
}
