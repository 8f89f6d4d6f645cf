package import Domain
internal import Posix

/// An environment, or a wheel, in use: while this lives, nobody removes it, in this process or another.
package final class EnvironmentLease: Sendable {
    package let record: EnvironmentRecord
    /// Holds the lock.
    private let folder: Descriptor

    init(record: EnvironmentRecord, folder: consuming Descriptor) {
        self.record = record
        self.folder = folder
    }
}

/// A wheel in use.
package final class WheelLease: Sendable {
    /// Where a sandbox finds it.
    package let place: String
    private let folder: Descriptor

    init(place: String, folder: consuming Descriptor) {
        self.place = place
        self.folder = folder
    }
}

/// The right to make what a request asks for, against all other processes of one store.
package final class RequestLock: Sendable {
    private let file: Descriptor

    init(_ file: consuming Descriptor) { self.file = file }
}
