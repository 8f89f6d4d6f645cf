internal import Domain
internal import Glibc
internal import Posix

/// Gives a guest its standard input through a pipe, without ever waiting for it on a task's thread.
enum StdinFeeder {
    /// What a pipe takes at once.
    private static let pipeRoom = 65_536

    static func feed(_ stdin: Stdin, into pipe: consuming Descriptor) throws(SystemFailure) {
        switch stdin {
        case .bytes(let bytes) where bytes.count <= pipeRoom:
            if !bytes.isEmpty { try? writeAll(pipe.rawValue, bytes) }
        case .bytes(let bytes):
            let end = SharedDescriptor(pipe)
            startThread(name: "stdin") { try? writeAll(end.rawValue, bytes) }
        case .stream(let descriptor, let prefix):
            let end = SharedDescriptor(pipe)
            startThread(name: "stdin") { copy(prefix, descriptor, to: end) }
        }
    }

    private static func copy(_ prefix: [UInt8], _ source: Int32, to end: SharedDescriptor) {
        guard (try? writeAll(end.rawValue, prefix)) != nil else { return }
        while true {
            var buffer = [UInt8](repeating: 0, count: pipeRoom)
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            guard (try? writeAll(end.rawValue, Array(buffer[0..<count]))) != nil else { return }
        }
    }
}
