internal import CZlib

/// Undoes gzip and zlib as the pieces come; what is made of a piece is handed on in parts, until somebody has enough.
///
/// Its owner's lock is what makes it one thread's at a time.
final class Inflater: @unchecked Sendable {
    struct Malformed: Error {}

    private static let part = 32 << 10
    private let stream: UnsafeMutablePointer<z_stream>
    private var hasBegun = false
    private var hasEnded = false
    /// The last byte has come, or none at all.
    var isWhole: Bool { hasEnded || !hasBegun }

    /// Nil where there is no memory for it.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard diatom_inflate_begin(stream) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// `take`: Gets what came of the piece, part by part; false ends it.
    func feed(
        _ piece: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Bool
    ) throws(Malformed) {
        guard !piece.isEmpty else { return }
        guard !hasEnded, let base = piece.baseAddress else { throw Malformed() }
        hasBegun = true
        // zlib only reads it.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: base.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(piece.count)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.part, alignment: 16)
        defer { room.deallocate() }
        repeat {
            stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(Self.part)
            let code = inflate(stream, Z_NO_FLUSH)
            let made = Self.part - Int(stream.pointee.avail_out)
            if made > 0, !take(UnsafeRawBufferPointer(rebasing: room[..<made])) { return }
            switch code {
            case Z_OK: break
            case Z_STREAM_END:
                hasEnded = true
                // Bytes behind the end belong to nothing.
                guard stream.pointee.avail_in == 0 else { throw Malformed() }
                return
            case Z_BUF_ERROR: return
            default: throw Malformed()
            }
        } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
    }
}
