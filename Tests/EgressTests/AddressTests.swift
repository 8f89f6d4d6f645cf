internal import Domain
internal import Testing

/// Addresses, and whether they are public.
struct AddressTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var address: String
        var isPublic: Bool
        var testDescription: String { address }
    }

    static let rows =
        [
            "1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.254", "168.63.129.17", "2606:4700::1111",
            "2a00:1450:4001::1", "2001:4860:4860::8888", "3ffe::1",
        ].map { Row(address: $0, isPublic: true) }
        + [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
            "127.255.0.1", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
            "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
            "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1",
            "::127.0.0.1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1",
            "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1",
            "4000::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
        ].map { Row(address: $0, isPublic: false) }

    @Test(arguments: rows)
    func `an address is public only where it belongs to somebody on the internet`(_ row: Row) throws {
        #expect(try #require(IPAddress(row.address)).isPublic == row.isPublic)
    }

    @Test(arguments: [
        "1.2.3", "1.2.3.4.5", "01.2.3.4.", "256.1.1.1", "1.2.3.4/8", "::g", "", " 1.2.3.4", "0x7f.1",
    ])
    func `what has not the one usual spelling is no address`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }
}
