/// What a key used between two times.
package struct KeyUsage: Hashable, Sendable {
    package var key: KeyID
    package var runs = 0
    package var succeeded = 0
    package var cpu: Duration = .zero
    package var wall: Duration = .zero
    package var outputBytes = 0

    package init(key: KeyID) { self.key = key }
}

/// Runs counted by what they have in common.
package struct RunStatistics: Hashable, Sendable {
    package var runs = 0
    package var succeeded = 0
    package var byLanguage: [String: Int] = [:]
    package var byStatus: [String: Int] = [:]
    package var byKey: [String: Int] = [:]

    package init() {}
}
