/// Where an HTTP request goes: a URL that can be read in one way only.
///
/// It has a name or an IPv4 address, and neither credentials nor a fragment. What a program that fetches might read as
/// another host than the one that was checked is refused.
package struct WebURL: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Hashable, Sendable { case http, https }

    package enum Invalid: Error, Hashable {
        case tooLong(bytes: Int)
        case badCharacter
        case badScheme
        case credentials
        case fragment
        case endpoint(NetworkPolicy.Endpoint.Invalid)
    }

    /// In bytes.
    package static let longest = 2048

    package let scheme: Scheme
    package let endpoint: NetworkPolicy.Endpoint
    /// The path and the query.
    package let target: String

    /// In the one spelling that is sent; the port is left out where it is the scheme's own.
    package var description: String { origin + target }

    package var origin: String {
        let isUsual = endpoint.port == Self.port(of: scheme)
        return "\(scheme.rawValue)://\(endpoint.host)" + (isUsual ? "" : ":\(endpoint.port)")
    }

    /// - Throws: ``Invalid``.
    package init(parsing text: String) throws(Invalid) {
        guard text.utf8.count <= Self.longest else { throw .tooLong(bytes: text.utf8.count) }
        guard text.utf8.allSatisfy(Self.isPlain) else { throw .badCharacter }
        let lower = text.prefix(8).lowercased()
        let scheme: Scheme? =
            lower.hasPrefix("https://") ? .https : lower.hasPrefix("http://") ? .http : nil
        guard let scheme else { throw .badScheme }
        guard !text.contains("#") else { throw .fragment }
        let rest = text.dropFirst(scheme.rawValue.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw .credentials }
        let path = rest.dropFirst(authority.count)
        target = path.hasPrefix("/") ? String(path) : "/" + path
        self.scheme = scheme
        do throws(NetworkPolicy.Endpoint.Invalid) {
            endpoint =
                authority.contains(":")
                ? try NetworkPolicy.Endpoint(parsing: String(authority))
                : try NetworkPolicy.Endpoint(host: String(authority), port: Self.port(of: scheme))
            guard !endpoint.isWildcard else { throw .badWildcard }
        } catch { throw .endpoint(error) }
    }

    private static func port(of scheme: Scheme) -> UInt16 { scheme == .https ? 443 : 80 }

    /// What RFC 3986 allows in a URL, but for brackets, which only version 6 needs.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x21...0x7e).contains(byte) && !#""<>\^`{|}[]"#.utf8.contains(byte)
    }
}

extension WebURL.Invalid: CustomStringConvertible {
    /// What is wrong, to follow the field's name and its value.
    package var description: String {
        switch self {
        case .tooLong(let bytes): "is \(bytes) bytes long; the longest is \(WebURL.longest)"
        case .badCharacter:
            "holds what no URL does; spaces and other characters are written as %20 and the like"
        case .badScheme: "is no https:// URL"
        case .credentials: "holds a user or a password; what is sent is signed instead"
        case .fragment: "holds a '#', which is never sent"
        case .endpoint(let why): "\(why)"
        }
    }
}
