internal import Domain

/// A question for a name, as a resolver sends it; parsed as hostile (RFC 1035).
struct DNSQuestion {
    enum Answer {
        case address(UInt32)
        /// The name is there and has nothing of the kind that is asked for.
        case nothing
        case noSuchName
        case failure
    }

    static let longest = 512
    private static let addressType: UInt16 = 1

    /// In small letters; empty for the root.
    let name: String
    let isForAddress: Bool
    private let head: [UInt8]
    /// As it came, for resolvers that look whether the letters are as they wrote them.
    private let question: [UInt8]

    /// Takes a plain query with one question; nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > 12, bytes.count <= Self.longest, bytes[2] & 0xf8 == 0,
            bytes[4] == 0, bytes[5] == 1
        else { return nil }
        var at = 12
        var labels: [String] = []
        while true {
            guard at < bytes.count else { return nil }
            let length = Int(bytes[at])
            at += 1
            if length == 0 { break }
            guard length < 64, at + length <= bytes.count else { return nil }
            labels.append(String(decoding: bytes[at..<at + length], as: UTF8.self))
            at += length
        }
        guard at + 4 <= bytes.count, at - 12 <= 255 else { return nil }
        name = labels.joined(separator: ".").lowercased()
        isForAddress =
            UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]) == Self.addressType && bytes[at + 3] == 1
        head = Array(bytes[0..<12])
        question = Array(bytes[12..<at + 4])
    }

    func response(_ answer: Answer) -> [UInt8] {
        var code: UInt8 = 0
        var record: [UInt8] = []
        switch answer {
        case .address(let address):
            // The name again, A, IN, a minute, four bytes.
            record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]
            withUnsafeBytes(of: address.bigEndian) { record += $0 }
        case .nothing: break
        case .noSuchName: code = 3
        case .failure: code = 2
        }
        let flags = [0x84 | (head[2] & 1), 0x80 | code]
        return head[0..<2] + flags + [0, 1, 0, record.isEmpty ? 0 : 1, 0, 0, 0, 0] + question + record
    }
}

/// The answer of a name server, parsed as hostile.
enum DNSAnswer {
    /// The addresses in it, of names that the one asked for is said to stand for.
    static func addresses(_ bytes: [UInt8]) -> [IPAddress] {
        guard bytes.count > 12 else { return [] }
        var reader = Reader(bytes: bytes, at: 12)
        var found: [IPAddress] = []
        for _ in 0..<number(bytes, 4) {
            guard reader.skipName(), reader.skip(4) else { return [] }
        }
        for _ in 0..<number(bytes, 6) where found.count < 64 {
            guard reader.skipName(), let type = reader.number(), reader.skip(6), let length = reader.number(),
                let data = reader.bytes(Int(length))
            else { return found }
            let value = data.reduce(into: UInt128(0)) { $0 = $0 << 8 | UInt128($1) }
            if type == 1, length == 4 { found.append(.v4(UInt32(truncatingIfNeeded: value))) }
            if type == 28, length == 16 { found.append(.v6(value)) }
        }
        return found
    }

    private static func number(_ bytes: [UInt8], _ at: Int) -> Int {
        Int(bytes[at]) << 8 | Int(bytes[at + 1])
    }

    private struct Reader {
        let bytes: [UInt8]
        var at: Int

        mutating func skip(_ count: Int) -> Bool {
            guard bytes.count - at >= count else { return false }
            at += count
            return true
        }

        mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
            let start = at
            return skip(count) ? bytes[start..<at] : nil
        }

        mutating func number() -> UInt16? {
            bytes(2).map { UInt16($0[$0.startIndex]) << 8 | UInt16($0[$0.startIndex + 1]) }
        }

        /// A name ends with an empty label or with a pointer to another.
        mutating func skipName() -> Bool {
            while at < bytes.count {
                let length = Int(bytes[at])
                if length >= 0xc0 { return skip(2) }
                guard length < 64, skip(1 + length) else { return false }
                if length == 0 { return true }
            }
            return false
        }
    }
}
