/// Reads one HTTP/1.1 response from the bytes of a connection, as they come.
///
/// Knows what our own service sends (a length, or chunks) and a body that ends with the connection. Every
/// part is bounded, and what is not understood is an error.
struct HTTPResponseParser {
    enum Malformed: Error, Hashable {
        case notHTTP
        case badHeader
        case badChunk
        case headTooLarge
        case bodyTooLarge
        case cutOff
    }

    struct Response: Hashable, Sendable {
        var status: Int
        var body: [UInt8]
        /// In seconds, of an answer that says when to come again.
        var retryAfter: Int?
    }

    private enum State: Hashable {
        case head
        case length(Int)
        case untilClose
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailer
        case done
    }

    static let longestHead = 64 << 10
    private let mostBody: Int
    private var state = State.head
    private var buffer: [UInt8] = []
    /// How far the buffer was searched for the end of the head.
    private var searched = 0
    private var status = 0
    private var retryAfter: Int?
    private var body: [UInt8] = []

    init(mostBody: Int) { self.mostBody = mostBody }

    /// Takes bytes from the connection.
    ///
    /// - Returns: The response once it is whole; bytes after it are ignored.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(Malformed) -> Response? {
        buffer.append(contentsOf: bytes)
        while try step() {}
        return state == .done ? response : nil
    }

    /// What of the body has come since it was last taken, once the status is known to be 200.
    mutating func takeBodySoFar() -> [UInt8] {
        guard status == 200 else { return [] }
        defer { body = [] }
        return body
    }

    /// The connection has ended.
    mutating func end() throws(Malformed) -> Response {
        guard state == .untilClose || state == .done else { throw .cutOff }
        return response
    }

    private var response: Response { Response(status: status, body: body, retryAfter: retryAfter) }

    /// Goes on by one part; false when that needs more bytes.
    private mutating func step() throws(Malformed) -> Bool {
        switch state {
        case .head:
            guard let head = try takeHead() else { return false }
            try read(head: head)
            return true
        case .length(let count):
            let taken = min(count, buffer.count)
            try takeBody(taken)
            state = taken == count ? .done : .length(count - taken)
            return taken == count
        case .untilClose:
            try takeBody(buffer.count)
            return false
        case .chunkSize:
            guard let line = try takeLine() else { return false }
            let size = try Self.chunkSize(line)
            guard size <= mostBody - body.count else { throw .bodyTooLarge }
            state = size == 0 ? .trailer : .chunk(size)
            return true
        case .chunk(let count):
            let taken = min(count, buffer.count)
            try takeBody(taken)
            state = taken == count ? .chunkEnd : .chunk(count - taken)
            return taken == count
        case .chunkEnd:
            guard let line = try takeLine() else { return false }
            guard line.isEmpty else { throw .badChunk }
            state = .chunkSize
            return true
        case .trailer:
            guard let line = try takeLine() else { return false }
            state = line.isEmpty ? .done : .trailer
            return true
        case .done:
            return false
        }
    }

    private mutating func takeBody(_ count: Int) throws(Malformed) {
        guard body.count + count <= mostBody else { throw .bodyTooLarge }
        body.append(contentsOf: buffer.prefix(count))
        buffer.removeFirst(count)
    }
}

extension HTTPResponseParser {
    /// The lines of the head, once all of it is there.
    private mutating func takeHead() throws(Malformed) -> [ArraySlice<UInt8>]? {
        let prefix = Array("HTTP/1.".utf8)
        guard buffer.prefix(prefix.count).elementsEqual(prefix.prefix(buffer.count)) else { throw .notHTTP }
        let end = Array("\r\n\r\n".utf8)
        var from = searched
        while let start = buffer[from...].firstIndex(of: end[0]) {
            guard start < Self.longestHead else { throw .headTooLarge }
            if buffer[start...].starts(with: end) {
                let lines = buffer[..<start].split(separator: UInt8(ascii: "\n"))
                buffer.removeFirst(start + end.count)
                searched = 0
                return lines.map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
            }
            from = start + 1
        }
        guard buffer.count < Self.longestHead else { throw .headTooLarge }
        searched = max(0, buffer.count - end.count + 1)
        return nil
    }

    private mutating func read(head lines: [ArraySlice<UInt8>]) throws(Malformed) {
        let words = lines[0].split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, let code = Self.decimal(words[1]), (100...599).contains(code) else {
            throw .notHTTP
        }
        var length: Int?
        var isChunked = false
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
                throw .badHeader
            }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self).lowercased()
            switch name {
            case "content-length":
                guard length == nil, let count = Self.decimal(Array(value.utf8)[...]) else {
                    throw .badHeader
                }
                length = count
            case "transfer-encoding":
                guard value == "chunked", !isChunked else { throw .badHeader }
                isChunked = true
            case "retry-after": retryAfter = Self.decimal(Array(value.utf8)[...])
            default: break
            }
        }
        guard !(isChunked && length != nil) else { throw .badHeader }
        // An interim response (100 Continue) is followed by the one that counts.
        guard code >= 200 else { return }
        status = code
        if isChunked {
            state = .chunkSize
        } else if let length {
            guard length <= mostBody else { throw .bodyTooLarge }
            state = length == 0 ? .done : .length(length)
        } else {
            state = code == 204 || code == 304 ? .done : .untilClose
        }
    }

    /// A line without its end, once it is there; chunk sizes and trailers are short.
    private mutating func takeLine() throws(Malformed) -> ArraySlice<UInt8>? {
        guard let end = buffer.prefix(8 << 10).firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.count < 8 << 10 else { throw .badChunk }
            return nil
        }
        let line = buffer[..<end]
        buffer.removeFirst(end + 1)
        guard line.last == UInt8(ascii: "\r") else { throw .badChunk }
        return line.dropLast()
    }

    private static func chunkSize(_ line: ArraySlice<UInt8>) throws(Malformed) -> Int {
        let digits = trimmed(line.prefix { $0 != UInt8(ascii: ";") })
        guard (1...8).contains(digits.count) else { throw .badChunk }
        var size = 0
        for digit in digits {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue, digit < 0x80 else {
                throw .badChunk
            }
            size = size << 4 | value
        }
        return size
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...15).contains(digits.count) else { return nil }
        var number = 0
        for digit in digits {
            guard digit &- UInt8(ascii: "0") < 10 else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return bytes
    }
}
