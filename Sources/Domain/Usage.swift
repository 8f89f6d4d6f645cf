/// What a step used, as the kernel counted it; nil where the kernel gave no figure.
package struct Usage: Hashable, Sendable {
    package var wall: Duration?
    package var cpu: Duration?
    /// What the step added; pages shared with a warm host are not counted.
    package var memoryPeak: ByteCount?
    package var processesPeak: Int?
    package var output = ByteCount(bytes: 0)
    /// Calls by name, when the request asked for a profile.
    package var systemCalls: [String: Int]?

    package init() {}
}
