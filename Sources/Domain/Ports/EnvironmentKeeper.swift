/// Makes environments of libraries, keeps them, and shows what there is: the engine, or a double in tests.
package protocol EnvironmentKeeper: Sendable {
    /// All that are complete, those used last first, and all that are being made.
    func list() async throws(RequestError) -> (kept: [EnvironmentRecord], underWay: [EnvironmentBuild])
    /// By the hash of an environment, or the id of a build.
    func find(_ id: String) async throws(RequestError) -> EnvironmentState?
    /// Makes an environment, or finds it.
    ///
    /// `progress`: Hears what is being done, in words.
    func make(
        _ wish: EnvironmentWish, progress: @escaping @Sendable (String) -> Void
    ) async throws(RequestError) -> EnvironmentRecord
    /// Begins to make an environment and waits for nothing.
    ///
    /// Returns: The record where it is there already, else the build, which ``find(_:)`` knows by its id.
    func begin(_ wish: EnvironmentWish) async throws(RequestError) -> EnvironmentState
    func remove(_ hash: String) async throws(RequestError) -> EnvironmentRemoval
    /// Reads every byte of an environment; nil where there is none of this hash.
    func verify(_ hash: String) async throws(RequestError) -> EnvironmentCondition?
    /// Removes what was used longest ago until the rest takes no more than this; nil for the operator's own bound.
    func collect(to bound: ByteCount?) async throws(RequestError) -> EnvironmentSweep
}

/// A set of libraries for a language.
package struct EnvironmentWish: Hashable, Sendable {
    package var language: String?
    package var libraries: [Requirement]
    /// Whether libraries may be built of their source that have no wheel.
    package var builds: Bool

    package init(language: String?, libraries: [Requirement], builds: Bool) {
        self.language = language
        self.libraries = libraries
        self.builds = builds
    }
}

/// An environment that is being made.
package struct EnvironmentBuild: Hashable, Sendable {
    package var id: String
    package var libraries: [String]
    package var progress: String

    package init(id: String, libraries: [String], progress: String) {
        self.id = id
        self.libraries = libraries
        self.progress = progress
    }
}

package enum EnvironmentState: Hashable, Sendable {
    case ready(EnvironmentRecord)
    case building(EnvironmentBuild)
    /// A build that ended a short while ago, and why.
    case failed(RequestError)
}

package enum EnvironmentRemoval: Hashable, Sendable { case removed, inUse, absent }

package enum EnvironmentCondition: Hashable, Sendable {
    case whole
    /// It is made again when it is next asked for.
    case damaged(String)
}

package struct EnvironmentSweep: Hashable, Sendable {
    package var removed: [String]
    package var freed: ByteCount

    package init(removed: [String], freed: ByteCount) {
        self.removed = removed
        self.freed = freed
    }
}
