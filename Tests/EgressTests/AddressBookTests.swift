internal import Domain
internal import Testing

@testable internal import Egress

/// Which address in a sandbox stands for which server.
struct AddressBookTests {
    private func book(_ allow: [String], mostNames: Int = 10) throws -> AddressBook {
        AddressBook(
            NetworkPolicy(allow: try allow.map { text in try .init(parsing: text) }), mostNames: mostNames)
    }

    @Test func `a name has one address and all its ports there, those of wildcards too`() throws {
        let book = try book(["a.example.org:80", "a.example.org:443", "*.example.org:8443", "b.example:1"])
        let address = try #require(book.address(of: "a.example.org"))
        #expect(address == 0x7f4d_0001)
        #expect(book.ways.filter { $0.address == address }.map(\.port) == [80, 443, 8443])
        #expect(book.ways.filter(\.isOwned).count == 1)
        #expect(book.server(at: address, 8443)?.description == "a.example.org:8443")
        #expect(book.address(of: "b.example") == 0x7f4d_0002)
        #expect(book.server(at: 0x7f4d_0002, 80) == nil)
    }

    @Test func `an address stands for itself, and the loopback gets it unless it has it`() throws {
        let book = try book(["93.184.215.14:80", "93.184.215.14:443", "127.0.0.1:5432", "localhost:5432"])
        #expect(book.ways.map(\.isOwned) == [true, false, false])
        #expect(book.server(at: 0x5db8_d70e, 443)?.host == "93.184.215.14")
        #expect(book.server(at: 0x7f00_0001, 5432)?.host == "127.0.0.1")
        #expect(book.address(of: "localhost") == 0x7f00_0001)
    }

    @Test func `an address that is taken is given to no name`() throws {
        let book = try book(["127.77.0.1:80", "a.example:80"])
        #expect(book.address(of: "a.example") == 0x7f4d_0002)
    }

    @Test func `a name below a wildcard comes when it is asked for, until the book is full`() throws {
        var book = try book(["*.example.org:443", "*.b.example.org:80"], mostNames: 1)
        #expect(book.ways.isEmpty && book.allows("a.b.example.org") && !book.allows("example.org"))
        let ways = book.add("a.b.example.org")
        #expect(ways.map(\.port) == [443, 80] && ways.map(\.isOwned) == [true, false])
        #expect(book.address(of: "a.b.example.org") == ways[0].address)
        for number in 0..<10 where !book.isFull { _ = book.add("n\(number).example.org") }
        #expect(
            book.isFull && book.address(of: "n1.example.org") != nil
                && book.address(of: "n2.example.org") == nil)
    }

    @Test func `an operator's exception holds for its host and port, and not for what is nobody's`() throws {
        var configuration = EgressConfiguration()
        configuration.privateEndpoints = [
            try .init(parsing: "*.lab.test:80"), try .init(parsing: "db.test:1"),
        ]
        let host = try NetworkPolicy.Endpoint(parsing: "a.lab.test:80")
        let port = try NetworkPolicy.Endpoint(parsing: "a.lab.test:81")
        for text in ["10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"] {
            let address = try #require(IPAddress(text))
            #expect(configuration.allows(address, for: host) && !configuration.allows(address, for: port))
        }
        for text in ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1"] {
            #expect(!configuration.allows(try #require(IPAddress(text)), for: host))
        }
        let public4 = try #require(IPAddress("1.1.1.1"))
        #expect(
            configuration.allows(public4, for: port) && !configuration.allows(public4, for: port, isOwn: true)
        )
    }

    @Test func `a policy that comes to more ports than can be opened is refused`() throws {
        let configuration = EgressConfiguration()
        let wide = (1...32).map { "*.a.example:\($0)" } + (1...32).map { "n\($0).a.example:99" }
        let policy = NetworkPolicy(allow: try wide.map { text in try .init(parsing: text) })
        let obstacle = try #require(configuration.obstacle(to: policy))
        #expect(obstacle.field == "allow" && obstacle.why.contains("1056 ports; at most 128"))
        #expect(configuration.obstacle(to: NetworkPolicy(allow: Array(policy.allow.prefix(34)))) == nil)
        var long = policy
        long.allow += long.allow
        #expect(configuration.obstacle(to: long)?.why.hasPrefix("128 entries; at most 64") == true)
    }

    @Test func `this machine's addresses are known`() {
        #expect(OwnAddresses().contains(.v4(0x7f00_0001)) && !OwnAddresses().contains(.v4(0x0101_0101)))
    }
}
