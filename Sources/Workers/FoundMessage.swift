internal import CJail
internal import Glibc
internal import Posix

/// One message of init's about a finished workspace; parsed as hostile.
enum FoundMessage {
    case file(FoundFile)
    case calls([Int: Int])
    case nothing
    case ended

    static func receive(_ socket: Int32) -> FoundMessage {
        var bytes = [UInt8](repeating: 0, count: 8192)
        var fds = [Int32](repeating: -1, count: Int(CJAIL_NOTE_FDS))
        var count = Int32(fds.count)
        let got = Int(cjail_receive_some(socket, &bytes, bytes.count, &fds, &count))
        let descriptors = fds[0..<max(0, Int(count))].map { SharedDescriptor(Descriptor(adopting: $0)) }
        if got == -Int(EAGAIN) { return .nothing }
        guard got >= 16 else { return .ended }
        let number: (Int) -> UInt64 = { at in
            (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(bytes[at + $1]) }
        }
        if number(0) == UInt64.max { return .calls(counts(got, number)) }
        let length = Int(number(8) >> 32)
        guard let content = descriptors.first, length > 0, 16 + length <= got, number(0) <= UInt64(Int.max)
        else {
            return .nothing
        }
        return .file(
            FoundFile(
                path: Array(bytes[16..<16 + length]), size: Int(number(0)),
                isExecutable: number(8) & 0o100 != 0,
                content: content))
    }

    private static func counts(_ got: Int, _ number: (Int) -> UInt64) -> [Int: Int] {
        var calls: [Int: Int] = [:]
        for call in 0..<min(Int(CJAIL_PROFILE_CALLS), got / 8 - 1) {
            let count = number(8 + call * 8)
            if count > 0, count < UInt64(Int.max) { calls[call] = Int(count) }
        }
        return calls
    }
}
