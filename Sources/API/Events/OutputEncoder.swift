internal import Domain
internal import Synchronization

/// Puts output into a feed as text; what ends inside a character waits for the rest.
final class OutputEncoder: Sendable {
    private let feed: EventFeed
    private let remainders = Mutex<[RunEvent.Output.Stream: [UInt8]]>([:])

    init(_ feed: EventFeed) { self.feed = feed }

    func send(_ output: RunEvent.Output) async {
        let text = remainders.withLock { remainders in
            var bytes = remainders.removeValue(forKey: output.stream) ?? []
            bytes += output.bytes
            let rest = UTF8Tail.length(of: bytes)
            if rest > 0 { remainders[output.stream] = Array(bytes.suffix(rest)) }
            return Array(bytes.dropLast(rest))
        }
        await send(text, output.stream)
    }

    func flush() async {
        for stream in [RunEvent.Output.Stream.stdout, .stderr] {
            let rest = remainders.withLock { $0.removeValue(forKey: stream) } ?? []
            await send(rest, stream)
        }
    }

    private func send(_ text: [UInt8], _ stream: RunEvent.Output.Stream) async {
        guard !text.isEmpty else { return }
        let data = SessionEncoder.document {
            $0.name("text")
            $0.text(text)
        }
        switch stream {
        case .stdout: await feed.send("stdout", data)
        case .stderr: await feed.send("stderr", data)
        }
    }
}

/// The end of a piece of UTF-8 that may be the beginning of a character.
enum UTF8Tail {
    /// How many bytes at the end begin a character and do not finish it: 0 to 3.
    static func length(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let whole = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
            return whole > back ? back : 0
        }
        return 0
    }
}
