internal import Domain
internal import Glibc

/// Names in the sandbox: the policy's have addresses there, all others do not exist.
extension EgressSession {
    func answerNames() {
        for _ in 0..<Self.turn {
            guard let names = state.withLock({ $0.names }) else { return }
            var asker = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            var bytes = [UInt8](repeating: 0, count: DNSQuestion.longest + 1)
            let count = withUnsafeMutablePointer(to: &asker) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(names.fd, &bytes, bytes.count, Int32(MSG_DONTWAIT), $0, &size)
                }
            }
            guard count >= 0 else { return }
            let isOver = state.withLock { state in
                state.questions += 1
                return state.questions > configuration.mostConnectionsEver
            }
            if isOver { return silence(names) }
            if let question = DNSQuestion(Array(bytes[0..<count])) { answer(question, to: asker) }
        }
    }

    private func silence(_ names: (fd: Int32, tag: UInt64)) {
        counts.denied("lookups", .limit)
        state.withLock { $0.names = nil }
        drop(names.fd, names.tag)
    }

    private func answer(_ question: DNSQuestion, to asker: sockaddr_in) {
        enum Known { case yes(UInt32), no, full, wait, allowedOnly }
        let name = question.name
        let known: Known = state.withLock { state in
            if let address = state.book.address(of: name) {
                guard question.isForAddress else { return .allowedOnly }
                guard state.waiting[address] != nil else { return .yes(address) }
                state.waiting[address]?.questions.append((question, asker))
                return .wait
            }
            guard state.book.allows(name) else { return .no }
            guard question.isForAddress else { return .allowedOnly }
            return state.book.isFull ? .full : .wait
        }
        switch known {
        case .yes(let address): say(question.response(.address(address)), to: asker)
        case .allowedOnly: say(question.response(.nothing), to: asker)
        case .no:
            if !name.hasSuffix(".arpa"), !name.isEmpty, question.isForAddress {
                counts.denied(Self.shortened(name), .notAllowed)
            }
            say(question.response(.noSuchName), to: asker)
        case .full:
            counts.denied(Self.shortened(name), .limit)
            say(question.response(.failure), to: asker)
        case .wait: openWays(for: name, question, asker)
        }
    }

    /// A name below a wildcard gets its address, and its ways, when it is first asked for.
    private func openWays(for name: String, _ question: DNSQuestion, _ asker: sockaddr_in) {
        let ways = state.withLock { state -> [AddressBook.Way] in
            guard state.book.address(of: name) == nil else { return [] }
            let ways = state.book.add(name)
            guard let address = ways.first?.address else { return [] }
            state.waiting[address] = Waiting(ways: ways.count, questions: [(question, asker)])
            return ways
        }
        for way in ways where !hold(1) || (try? ask(way)) == nil { opened(way.address) }
    }

    func say(_ bytes: [UInt8], to asker: sockaddr_in) {
        guard let names = state.withLock({ $0.names }) else { return }
        var asker = asker
        _ = withUnsafePointer(to: &asker) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    names.fd, bytes, bytes.count, Int32(MSG_DONTWAIT), $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// A guest's word, fit to be shown.
    private static func shortened(_ name: String) -> String {
        let bytes = name.utf8.prefix(253).map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
