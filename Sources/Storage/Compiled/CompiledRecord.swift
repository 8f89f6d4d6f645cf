internal import Domain

/// One entry of the compile cache as bytes: a mark, the digest of all that follows, the address, the program.
///
/// The digest is what makes an entry whole: half a file, a changed byte or another entry's file under this
/// name has another one.
enum CompiledRecord {
    private static let mark = Array("DTMCMP1\n".utf8)
    private static let digestLength = 32

    static func bytes(of program: CompiledProgram, at address: String) -> [UInt8] {
        var body: [UInt8] = []
        append(Array(address.utf8), to: &body)
        append(program.stdout, to: &body)
        append(program.stderr, to: &body)
        append(program.files.count, to: &body)
        for file in program.files {
            append(Array(file.path.description.utf8), to: &body)
            append(file.executable ? 1 : 0, to: &body)
            append(file.content, to: &body)
        }
        return mark + digest(of: body) + body
    }

    /// The program, or nil where the bytes are not exactly what was written under this address.
    static func program(in bytes: [UInt8], at address: String) -> CompiledProgram? {
        let start = mark.count + digestLength
        guard bytes.count > start, bytes.starts(with: mark) else { return nil }
        let body = Array(bytes[start...])
        guard bytes[mark.count..<start].elementsEqual(digest(of: body)) else { return nil }
        var reader = Reader(bytes: body)
        guard let name = reader.part(), name.elementsEqual(address.utf8), let stdout = reader.part(),
            let stderr = reader.part(), let count = reader.number()
        else { return nil }
        var program = CompiledProgram(files: [], stdout: stdout, stderr: stderr)
        for _ in 0..<count {
            guard let path = reader.part(), let executable = reader.number(), let content = reader.part(),
                let place = try? WorkspacePath(parsing: String(decoding: path, as: UTF8.self))
            else { return nil }
            program.files.append(SourceFile(path: place, content: content, executable: executable == 1))
        }
        return reader.isAtEnd ? program : nil
    }

    private static func digest(of body: [UInt8]) -> [UInt8] {
        var digest = ContentDigest()
        digest.add(body)
        return digest.finish()
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (shift * 8))) }
    }

    private static func append(_ part: [UInt8], to bytes: inout [UInt8]) {
        append(part.count, to: &bytes)
        bytes += part
    }

    private struct Reader {
        let bytes: [UInt8]
        private var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        mutating func number() -> Int? {
            guard bytes.count - position >= 8 else { return nil }
            defer { position += 8 }
            let number = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[position + $1]) << (UInt64($1) * 8) }
            return number <= UInt64(bytes.count) ? Int(number) : nil
        }

        mutating func part() -> [UInt8]? {
            guard let length = number(), length <= bytes.count - position else { return nil }
            defer { position += length }
            return Array(bytes[position..<position + length])
        }
    }
}
