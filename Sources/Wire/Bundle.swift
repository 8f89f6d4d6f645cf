internal import CJail
package import Domain
package import Posix

/// What a run brings into its sandbox: arguments, environment, files, in one sealed memory file.
///
/// The layout stands in `cjail.h`; init reads it inside the sandbox, nobody privileged ever does.
package enum Bundle {
    /// - Returns: The descriptor of the sealed bundle.
    package static func make(
        arguments: [[UInt8]], environment: [EnvironmentVariable], files: [SourceFile]
    ) throws(SystemFailure) -> Descriptor {
        var head: [UInt8] = []
        head.reserveCapacity(4096)
        for number in [
            UInt32(CJAIL_BUNDLE_MAGIC), UInt32(arguments.count), UInt32(environment.count),
            UInt32(files.count),
        ] {
            append(number, to: &head)
        }
        for argument in arguments { append(string: argument, to: &head) }
        for variable in environment {
            append(string: Array("\(variable.name)=\(variable.value)".utf8), to: &head)
        }
        var parts: [[UInt8]] = []
        for file in files {
            append(string: Array(file.path.description.utf8), to: &head)
            append(UInt32(file.executable ? 0o755 : 0o644), to: &head)
            append(UInt64(file.content.count), to: &head)
            if file.content.count <= 65_536 {
                head.append(contentsOf: file.content)
            } else {
                parts.append(head)
                parts.append(file.content)
                head = []
            }
        }
        parts.append(head)
        return try SealedMemory.make("bundle", parts)
    }

    private static func append<Number: FixedWidthInteger>(_ number: Number, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(string: [UInt8], to bytes: inout [UInt8]) {
        append(UInt32(string.count), to: &bytes)
        bytes.append(contentsOf: string)
        bytes.append(0)
    }
}
