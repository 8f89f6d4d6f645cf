/// The names by which a pack is found, read without decoding the pack.
///
/// A pack begins with `id`, `aliases`, `extensions` and `interpreters`, in this order and without escapes
/// in their strings (a test holds every pack to it). Reading these few hundred bytes keeps the search over
/// all packs out of the start-up time, where decoding them all would cost more than a run.
struct PackHead: Hashable, Sendable {
    private(set) var id = ""
    private(set) var aliases: [String] = []
    private(set) var extensions: [String] = []
    private(set) var interpreters: [String] = []

    private static let lastKey = "interpreters"

    /// Nil when the bytes do not begin as a pack does.
    init?(reading json: [UInt8]) {
        var strings = StringScanner(json)
        var key = ""
        while let (text, follower) = strings.next() {
            if follower == UInt8(ascii: ":") {
                if key == Self.lastKey { break }
                key = text
                continue
            }
            switch key {
            case "id": id = text
            case "aliases": aliases.append(text)
            case "extensions": extensions.append(text)
            case Self.lastKey: interpreters.append(text)
            default: return nil
            }
        }
        guard key == Self.lastKey, !id.isEmpty else { return nil }
    }

    /// The strings of a JSON text in order, each with the first byte after it that is not white space.
    private struct StringScanner {
        private let json: [UInt8]
        private var at = 0

        init(_ json: [UInt8]) { self.json = json }

        mutating func next() -> (text: String, follower: UInt8)? {
            let quote = UInt8(ascii: "\"")
            guard let open = json[at...].firstIndex(of: quote) else { return nil }
            guard let close = json[(open + 1)...].firstIndex(of: quote) else { return nil }
            guard let follower = json[(close + 1)...].first(where: { $0 > UInt8(ascii: " ") }) else {
                return nil
            }
            at = close + 1
            return (String(decoding: json[(open + 1)..<close], as: UTF8.self), follower)
        }
    }
}
