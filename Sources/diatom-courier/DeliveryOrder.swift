internal import CCurl
internal import Glibc

/// What is to be done with a body: lines of a name, a space and a value.
struct DeliveryOrder {
    private var values: [String: [UInt8]] = [:]
    private var headers: [[UInt8]] = []
    private var recipients: [[UInt8]] = []

    init(_ lines: [UInt8]) {
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { continue }
            let name = String(decoding: line[..<space], as: UTF8.self)
            let value = line[(space + 1)...] + [0]
            switch name {
            case "header": headers.append(Array(value))
            case "to": recipients.append(Array(value))
            default: values[name] = Array(value)
            }
        }
    }

    /// Lends it as libcurl takes it; nothing of it outlives the call.
    func withParcel(_ body: (inout diatom_parcel) -> Int) -> Int {
        var parcel = diatom_parcel()
        var copies: [UnsafeMutablePointer<CChar>?] = []
        defer { for copy in copies { free(copy) } }
        func text(_ name: String) -> UnsafePointer<CChar>? {
            guard let value = values[name]?.map({ CChar(bitPattern: $0) }) else { return nil }
            let copy = strdup(value)
            copies.append(copy)
            return UnsafePointer(copy)
        }
        parcel.url = text("url")
        parcel.resolve = text("resolve")
        parcel.address = text("address")
        parcel.user = text("user")
        parcel.password = text("password")
        parcel.from = text("from")
        parcel.headers = Self.list(headers)
        parcel.to = Self.list(recipients)
        defer {
            curl_slist_free_all(parcel.headers)
            curl_slist_free_all(parcel.to)
        }
        parcel.timeout_ms =
            values["timeout"].flatMap { Int(String(decoding: $0.dropLast(), as: UTF8.self)) } ?? 10_000
        return body(&parcel)
    }

    private static func list(_ lines: [[UInt8]]) -> UnsafeMutablePointer<curl_slist>? {
        lines.reduce(nil) { list, line in curl_slist_append(list, line.map { CChar(bitPattern: $0) }) }
    }
}
