internal import Domain
internal import Testing

@testable internal import Egress

/// Questions of resolvers in sandboxes, and answers of name servers: both are anybody's word.
struct DNSTests {
    private static func query(_ name: String, type: UInt8 = 1, flags: [UInt8] = [1, 0]) -> [UInt8] {
        var bytes: [UInt8] = [0xab, 0xcd] + flags + [0, 1, 0, 0, 0, 0, 0, 0]
        for label in name.split(separator: ".") { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
        return bytes + [0, 0, type, 0, 1]
    }

    @Test func `a question is read, and answered with its own letters`() throws {
        let bytes = Self.query("eXample.ORG")
        let question = try #require(DNSQuestion(bytes))
        #expect(question.name == "example.org" && question.isForAddress)
        let answer = question.response(.address(0x7f4d_0001))
        #expect(answer.starts(with: [0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]))
        #expect(Array(answer[12..<bytes.count]) == Array(bytes[12...]))
        #expect(DNSAnswer.addresses(answer) == [.v4(0x7f4d_0001)])
        #expect(question.response(.noSuchName)[3] == 0x83 && question.response(.failure)[3] == 0x82)
        #expect(question.response(.nothing)[3] == 0x80 && question.response(.nothing)[7] == 0)
    }

    @Test func `a question of another kind is not for an address`() throws {
        for type: UInt8 in [28, 65, 16, 12, 255] {
            #expect(try #require(DNSQuestion(Self.query("a.b", type: type))).isForAddress == false)
        }
    }

    @Test func `what is no plain question is not answered`() {
        let good = Self.query("example.org")
        var bad: [[UInt8]] = [[], [0], Array(good.dropLast(1)), Array(good[0..<12]), Array(good[0..<20])]
        bad.append(Self.query("a", flags: [0x80, 0]))  // an answer
        bad.append(Self.query("a", flags: [0x28, 0]))  // an update
        bad.append(good[0..<4] + [0, 2] + good[6...])  // two questions
        bad.append(good[0..<4] + [0, 0] + good[6...])  // none
        bad.append(good[0..<12] + [0xc0, 12, 0, 1, 0, 1])  // a pointer to itself
        bad.append([UInt8](repeating: 1, count: 513))
        bad.append(good[0..<12] + [UInt8](repeating: 1, count: 300) + [0, 0, 1, 0, 1])
        for bytes in bad { #expect(DNSQuestion(bytes) == nil, "\(bytes)") }
    }

    @Test func `random bytes crash nobody`() {
        var random = SystemRandomNumberGenerator()
        let good = Self.query("example.org")
        for _ in 0..<20_000 {
            var bytes =
                Bool.random(using: &random)
                ? good + [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4] : good
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            _ = DNSQuestion(bytes)?.response(.noSuchName)
            #expect(DNSAnswer.addresses(bytes).count <= 64)
        }
    }

    @Test func `addresses are read behind aliases, whatever else an answer holds`() {
        let name = Array(Self.query("a.example")[12..<23])
        let answer: [UInt8] =
            [0, 1, 0x81, 0x80, 0, 1, 0, 4, 0, 0, 0, 0] + name + [0, 1, 0, 1]
            + [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 14]
            + [0xc0, 14, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]
            + [0xc0, 14, 0, 46, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3]
            + [0xc0, 14, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16] + [0x20, 1, 0xd, 0xb8]
            + [UInt8](repeating: 0, count: 11) + [7]
        #expect(DNSAnswer.addresses(answer) == ["192.0.2.1", "2001:db8::7"].compactMap { IPAddress($0) })
        #expect(DNSAnswer.addresses(answer.dropLast(1)) == [IPAddress("192.0.2.1")].compactMap(\.self))
    }

    @Test func `the machine's own list of hosts is read by words, not by parts of them`() {
        let hosts = """
            # 9.9.9.9 commented.test
            127.0.0.1\tlocalhost  Name.test # alias.test
            ::1 name.test other.test
            nonsense name.test
            10.0.0.1 xname.test
            """
        #expect(SystemResolver.listed("name.test", in: hosts) == [.v4(0x7f00_0001), .v6(1)])
        for name in ["commented.test", "alias.test", "test", ""] {
            #expect(SystemResolver.listed(name, in: hosts).isEmpty)
        }
    }
}
