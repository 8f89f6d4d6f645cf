internal import Glibc
internal import Posix

/// What only a broken or hostile peer sends: any bytes, with any number of descriptors.
enum RawSocket {
    static func send(_ bytes: [UInt8], descriptors: [Int32] = [], to socket: Int32) throws(SystemFailure) {
        // struct cmsghdr: the length with its head, the level, the type; the descriptors follow.
        let head = 16
        let room = (head + descriptors.count * 4 + 7) & ~7
        let control = UnsafeMutableRawBufferPointer.allocate(byteCount: max(room, 8), alignment: 8)
        defer { control.deallocate() }
        _ = control.initializeMemory(as: UInt8.self, repeating: 0)
        control.storeBytes(of: head + descriptors.count * 4, toByteOffset: 0, as: Int.self)
        control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
        control.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)  // SCM_RIGHTS
        for (index, fd) in descriptors.enumerated() {
            control.storeBytes(of: fd, toByteOffset: head + index * 4, as: Int32.self)
        }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        let part = UnsafeMutablePointer<iovec>.allocate(capacity: 1)
        defer { part.deallocate() }
        part.initialize(to: iovec(iov_base: copy.baseAddress, iov_len: bytes.count))
        var message = msghdr()
        message.msg_iov = part
        message.msg_iovlen = 1
        if !descriptors.isEmpty {
            message.msg_control = control.baseAddress
            message.msg_controllen = room
        }
        try check("sendmsg") { sendmsg(socket, &message, Int32(MSG_NOSIGNAL)) }
    }

    /// How many descriptors of our own are open for a file; the runtime's come and go as it pleases.
    static func ownDescriptors(for file: String) -> Int {
        SmallFile.names(in: "/proc/self/fd").count { name in
            var target = [CChar](repeating: 0, count: 256)
            let length = readlink("/proc/self/fd/\(name)", &target, target.count)
            return String(decoding: target[0..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                == file
        }
    }

    /// How many descriptors a process has open; nil if it is gone or not ours to look into.
    static func openDescriptors(of pid: Int32) -> Int? {
        let names = SmallFile.names(in: "/proc/\(pid)/fd")
        return names.isEmpty ? nil : names.count
    }
}
