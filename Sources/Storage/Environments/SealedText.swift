/// Lines of words under a mark, closed by their own digest: half a file, or a changed byte, has another one.
struct SealedText {
    private(set) var lines: [[Substring]] = []

    static func seal(_ mark: String, _ lines: [String]) -> [UInt8] {
        let body = Array(([mark] + lines).map { $0 + "\n" }.joined().utf8)
        return body + Array("digest \(digest(of: body))\n".utf8)
    }

    /// The lines between the mark and the digest; nil where the bytes are not exactly what was sealed.
    init?(_ bytes: [UInt8], mark: String) {
        let length = "digest ".utf8.count + 64 + 1
        guard bytes.count > length, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let body = Array(bytes.dropLast(length))
        guard bytes.suffix(length).elementsEqual("digest \(Self.digest(of: body))\n".utf8) else { return nil }
        let rows = text.utf8.dropLast(length).split(separator: UInt8(ascii: "\n"))
        guard let first = rows.first, first.elementsEqual(mark.utf8) else { return nil }
        lines = rows.dropFirst().map { row in
            row.split(separator: UInt8(ascii: " "), maxSplits: 4).map { Substring($0) }
        }
    }

    private static func digest(of body: [UInt8]) -> String {
        var digest = ContentDigest()
        digest.add(body)
        return digest.hexadecimal()
    }
}
