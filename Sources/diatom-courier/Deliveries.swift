internal import CCurl
internal import Glibc
internal import Posix

/// Sends what it is given, one after the other, and says what came of each.
///
/// An order is two lengths of four bytes (in this machine's order), lines of a name and a value, and a body; an
/// answer is the status and a length of four bytes each, and text: of the answer's body, or why there is none.
struct Deliveries {
    /// Between orders; whoever has one more later starts another of us.
    private static let patience: Int32 = 60_000
    private static let mostHead = 64 << 10
    private static let mostBody = 16 << 20
    private static let mostAnswer = 64 << 10
    private static let channel: Int32 = 0

    private let handle: UnsafeMutableRawPointer

    /// - Returns: The exit code of the program.
    static func run() -> Int32 {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        guard let handle = curl_easy_init() else { return 1 }
        defer { curl_easy_cleanup(handle) }
        let deliveries = Deliveries(handle: handle)
        while deliveries.serveOne() {}
        return 0
    }

    private func serveOne() -> Bool {
        var watched = pollfd(fd: Self.channel, events: Int16(POLLIN), revents: 0)
        let ready = poll(&watched, 1, Self.patience)
        if ready < 0 { return errno == EINTR }
        guard ready > 0, let lengths = readAll(Self.channel, 8) else { return false }
        let (head, body) = lengths.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt32.self), $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        }
        guard head <= Self.mostHead, body <= Self.mostBody, let lines = readAll(Self.channel, Int(head)),
            let content = readAll(Self.channel, Int(body))
        else { return false }
        let (status, text) = send(DeliveryOrder(lines), content)
        do throws(SystemFailure) { try writeAll(Self.channel, answer(status, text)) } catch { return false }
        return true
    }

    private func send(_ order: DeliveryOrder, _ body: [UInt8]) -> (status: Int, text: [UInt8]) {
        var reason = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        var answer = [CChar](repeating: 0, count: Self.mostAnswer)
        var filled = 0
        let status = order.withParcel { parcel in
            body.withUnsafeBufferPointer { body in
                answer.withUnsafeMutableBufferPointer { answer in
                    parcel.body = body.baseAddress
                    parcel.length = body.count
                    parcel.answer = answer.baseAddress
                    parcel.room = answer.count
                    defer { filled = parcel.filled }
                    return diatom_curl_send(handle, &parcel, &reason)
                }
            }
        }
        let text = status == 0 ? reason.prefix { $0 != 0 }[...] : answer[..<filled]
        return (status, text.map { UInt8(bitPattern: $0) })
    }

    private func answer(_ status: Int, _ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in [UInt32(clamping: status), UInt32(text.count)] {
            withUnsafeBytes(of: number) { bytes += $0 }
        }
        return bytes + text
    }
}
