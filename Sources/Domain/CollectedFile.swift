/// A regular file that the guest left and the request asked for.
package struct CollectedFile: Hashable, Sendable {
    package var path: WorkspacePath
    package var content: [UInt8]
    package var executable: Bool

    package init(path: WorkspacePath, content: [UInt8], executable: Bool) {
        self.path = path
        self.content = content
        self.executable = executable
    }
}
