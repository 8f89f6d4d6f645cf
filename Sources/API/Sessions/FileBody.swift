internal import Domain
internal import Synchronization

/// The bytes of a session's file, read while they are sent.
final class FileBody: HTTPBodyStream {
    private static let piece = 256 << 10

    private let content: any FileContent
    private let place: Mutex<Range<Int>>

    init(_ content: any FileContent, range: Range<Int>) {
        self.content = content
        place = Mutex(range)
    }

    func next() async throws(BrokenBody) -> [UInt8]? {
        let range = place.withLock { $0 }
        guard !range.isEmpty else { return nil }
        let bytes: [UInt8]
        do throws(RequestError) {
            bytes = try content.read(at: range.lowerBound, count: min(Self.piece, range.count))
        } catch { throw BrokenBody() }
        // It has become shorter than it was when its size was told.
        guard !bytes.isEmpty else { throw BrokenBody() }
        place.withLock { place in
            if !place.isEmpty { place = range.lowerBound + bytes.count..<range.upperBound }
        }
        return bytes
    }

    func cancel() { place.withLock { $0 = $0.upperBound..<$0.upperBound } }
}

/// `Range: bytes=…` of one range (RFC 9110, 14.1.2).
enum ByteRange {
    /// - Returns: The bytes that are meant; nil where the header is of another form, which is as if it were not there.
    /// - Throws: Where nothing of the file is meant.
    static func read(_ header: String?, size: Int) throws(APIError) -> Range<Int>? {
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return nil }
        let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let start: Int, end: Int
        if parts[0].isEmpty {
            guard let count = Int(parts[1]), count >= 0 else { return nil }
            (start, end) = (max(0, size - count), size)
        } else {
            guard let first = Int(parts[0]), let last = parts[1].isEmpty ? size - 1 : Int(parts[1]),
                first >= 0
            else { return nil }
            guard first <= last || parts[1].isEmpty else { return nil }
            (start, end) = (first, min(size, last + 1))
        }
        guard start < end else { throw .rangeNotSatisfiable(size) }
        return start..<end
    }
}
