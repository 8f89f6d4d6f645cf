internal import CJail
internal import Domain
internal import Glibc
internal import Posix
internal import Wire

/// Makes messages that a taken-over client might send to a jailer.
final class OrderFuzzer {
    struct Message {
        var bytes: [UInt8]
        var descriptors: [Int32]

        /// Whether it is of the one size that orders have, with no more descriptors than a message may bring.
        var isWellFormed: Bool { bytes.count == MemoryLayout<cjail_order>.size && descriptors.count <= 8 }

        /// The number of the run that is asked for; it must be answered once.
        var token: UInt64? {
            guard isWellFormed else { return nil }
            let order = bytes.withUnsafeBytes { $0.loadUnaligned(as: cjail_order.self) }
            let kinds = [CJAIL_ORDER_RUN.rawValue, CJAIL_ORDER_HOST.rawValue]
            return kinds.contains(order.kind) ? order.token : nil
        }
    }

    private var random: SeededRandom
    /// Descriptors of many kinds, good ones among them.
    private let bundle: Descriptor
    private let unsealed: Descriptor
    private let garbage: Descriptor
    private let null: Descriptor
    private let folder: Descriptor
    private var lastToken: UInt64 = 0
    private let pipe: Pair
    private let sockets: Pair

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        bundle = try Bundle.make(arguments: [Array("/bin/true".utf8)], environment: [], files: [])
        unsealed = Descriptor(adopting: cjail_memfd_create("unsealed"))
        garbage = try SealedMemory.make("garbage", [(0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) }])
        null = Descriptor(adopting: open("/dev/null", O_RDWR | O_CLOEXEC))
        folder = Descriptor(adopting: open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        pipe = try Pair.pipe()
        sockets = try Pair.sockets()
    }

    func make() -> Message {
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            Message(
                bytes: randomBytes(Int.random(in: 1..<4096, using: &random)),
                descriptors: anyDescriptors(most: 8))
        case 1: Message(bytes: mutated(), descriptors: anyDescriptors(most: 40))
        case 2, 3:
            Message(bytes: randomBytes(MemoryLayout<cjail_order>.size), descriptors: anyDescriptors(most: 8))
        case 4, 5, 6, 7: Message(bytes: mutated(), descriptors: anyDescriptors(most: 8))
        default: Message(bytes: mutated(), descriptors: goodDescriptors())
        }
    }

    private func randomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func anyDescriptors(most: Int) -> [Int32] {
        let kinds = [
            bundle.rawValue, unsealed.rawValue, garbage.rawValue, null.rawValue, folder.rawValue,
            pipe.first.rawValue,
            pipe.second.rawValue, sockets.first.rawValue,
        ]
        return (0..<Int.random(in: 0...most, using: &random)).map { _ in
            kinds[Int.random(in: 0..<kinds.count, using: &random)]
        }
    }

    private func goodDescriptors() -> [Int32] {
        let start = Bool.random(using: &random) ? bundle.rawValue : garbage.rawValue
        let files = Bool.random(using: &random) ? [sockets.second.rawValue] : []
        return [start, null.rawValue, null.rawValue, null.rawValue] + files
    }

    /// A good order with up to three fields made strange.
    private func mutated() -> [UInt8] {
        let keys = ["local", "a", "Key-2_", "", "../../x", "a b", String(repeating: "k", count: 40)]
        var order = JailerProcess.runOrder(
            token: nextToken(), key: keys[Int.random(in: 0..<keys.count, using: &random)])
        for _ in 0..<[0, 0, 1, 1, 1, 2, 3][Int.random(in: 0..<7, using: &random)] {
            let strange = strangeNumber()
            switch Int.random(in: 0..<13, using: &random) {
            case 0: order.kind = UInt32(truncatingIfNeeded: strange)
            case 1: order.host = UInt32(truncatingIfNeeded: strange)
            case 2: order.wall_ns = strange
            case 3: order.cpu_ns = strange
            case 4: order.memory_bytes = strange
            case 5: order.disk_bytes = strange
            case 6: order.files = UInt32(truncatingIfNeeded: strange)
            case 7: order.processes = UInt32(truncatingIfNeeded: strange)
            case 8: order.cpu_percent = UInt32(truncatingIfNeeded: strange)
            case 9: order.flags = UInt32(truncatingIfNeeded: strange)
            case 10: order.reason = UInt32(truncatingIfNeeded: strange)
            case 11: order.version = UInt32(truncatingIfNeeded: strange)
            default:
                order.kind = UInt32(CJAIL_ORDER_KILL.rawValue)
                order.token &-= UInt64.random(in: 0..<4, using: &random)
            }
        }
        return withUnsafeBytes(of: order) { Array($0) }
    }

    private func nextToken() -> UInt64 {
        lastToken += 1
        return lastToken
    }

    private func strangeNumber() -> Int64 {
        let numbers: [Int64] = [
            0, 1, -1, 2, 3, 4, 99, .min, .max, 1 << 31, 1 << 32, -(1 << 31), 4096, 1 << 20, 60_000_000_000,
            Int64(bitPattern: random.next()),
        ]
        return numbers[Int.random(in: 0..<numbers.count, using: &random)]
    }
}
