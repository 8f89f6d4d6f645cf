package import Domain

/// What a compile step that succeeded made, and what it printed on the way.
package struct CompiledProgram: Hashable, Sendable {
    package var files: [SourceFile]
    package var stdout: [UInt8]
    package var stderr: [UInt8]

    package init(files: [SourceFile], stdout: [UInt8], stderr: [UInt8]) {
        self.files = files
        self.stdout = stdout
        self.stderr = stderr
    }
}
