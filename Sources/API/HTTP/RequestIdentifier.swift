/// The id by which a request is found in logs: the client's own if it is harmless, else a new one.
enum RequestIdentifier {
    static let header = "X-Request-Id"
    private static let longest = 128

    static func choose(_ headers: HTTPHeaders) -> String {
        guard let given = headers["x-request-id"], isHarmless(given) else { return make() }
        return given
    }

    private static func isHarmless(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= longest
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func make() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "req_" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
