internal import Domain
internal import Glibc
internal import Posix

/// Reads what the kernel tells of a watched folder.
enum FolderWatch {
    /// Changes until whoever reads them stops; read by a thread of its own.
    static func changes(_ descriptor: SharedDescriptor) -> AsyncStream<FileChange> {
        AsyncStream(bufferingPolicy: .bufferingNewest(10_000)) { continuation in
            let thread = WatchThread(descriptor) { continuation.yield($0) }
            continuation.onTermination = { _ in thread.stop() }
            thread.start { continuation.finish() }
        }
    }

    /// `struct inotify_event`: watch, mask, cookie, length of the name, the name.
    static func read(_ bytes: ArraySlice<UInt8>) -> [FileChange] {
        var changes: [FileChange] = []
        var place = bytes.startIndex
        func number(_ at: Int) -> Int { (0..<4).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
        while bytes.endIndex - place >= 16 {
            let mask = number(place + 4), length = number(place + 12)
            guard bytes.endIndex - place >= 16 + length else { break }
            let name = bytes[place + 16..<place + 16 + length].prefix { $0 != 0 }
            if let kind = kind(mask), !name.isEmpty {
                changes.append(FileChange(kind: kind, name: String(decoding: name, as: UTF8.self)))
            }
            place += 16 + length
        }
        return changes
    }

    private static func kind(_ mask: Int) -> FileChange.Kind? {
        if mask & 0x100 != 0 { return .created }
        if mask & 0x2 != 0 { return .modified }
        if mask & 0x200 != 0 { return .removed }
        if mask & 0xC0 != 0 { return .renamed }
        if mask & 0x4 != 0 { return .attributes }
        return nil
    }
}

private final class WatchThread: Sendable {
    private let descriptor: SharedDescriptor
    private let bell: SharedDescriptor?
    private let rope: SharedDescriptor?
    private let take: @Sendable (FileChange) -> Void

    init(_ descriptor: SharedDescriptor, _ take: @escaping @Sendable (FileChange) -> Void) {
        self.descriptor = descriptor
        self.take = take
        do throws(SystemFailure) {
            var pair = try Pair.pipe()
            (bell, rope) = (SharedDescriptor(pair.takeFirst()), SharedDescriptor(pair.takeSecond()))
        } catch { (bell, rope) = (nil, nil) }
    }

    func stop() {
        var byte: UInt8 = 0
        if let rope { _ = write(rope.rawValue, &byte, 1) }
    }

    func start(whenDone: @escaping @Sendable () -> Void) {
        startThread(name: "watch") {
            self.loop()
            whenDone()
        }
    }

    private func loop() {
        while true {
            var ways = [
                pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell?.rawValue ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&ways, 2, -1) > 0 || errno == EINTR, ways[1].revents == 0 else { return }
            var bytes = [UInt8](repeating: 0, count: 8192)
            let got = Glibc.read(descriptor.rawValue, &bytes, bytes.count)
            guard got > 0 || errno == EAGAIN || errno == EINTR else { return }
            for change in FolderWatch.read(bytes[0..<max(0, got)]) { take(change) }
        }
    }
}
