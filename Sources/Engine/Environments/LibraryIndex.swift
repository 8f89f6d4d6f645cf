internal import Domain
internal import Glibc
internal import Storage

/// Where libraries come from: what pip is configured with on this machine, never what a request says.
package struct LibraryIndex: Hashable, Sendable {
    /// The simple API; nil where only local folders are used.
    package var url: String? = LibraryIndex.usual
    package var more: [String] = []
    /// Folders of wheels on this machine; sandboxes see them read-only.
    package var folders: [String] = []
    /// A file of certificate authorities, instead of the machine's.
    package var certificates: String?
    /// Servers of files that the index's pages lead to, as `host:port`, besides the index's own.
    package var fileHosts: [String] = []

    package init() {}

    private static let usual = "https://pypi.org/simple"
    private static let usualFileHost = "files.pythonhosted.org"

    private struct Place {
        var host: String
        var port: UInt16
        /// Without user and password.
        var text: String
    }

    /// What tells one index from another, without its secrets.
    package var identity: String {
        ([url].compactMap { $0 } + more).map { Self.place($0)?.text ?? $0 }.joined(separator: " ")
            + folders.map { " \($0)" }.joined()
    }

    /// The servers that a build sandbox may reach: the index, and where its files are.
    ///
    /// - Throws: ``RequestError`` where the operator's configuration names what cannot be allowed.
    func endpoints() throws(RequestError) -> [NetworkPolicy.Endpoint] {
        var endpoints: [NetworkPolicy.Endpoint] = []
        func allow(_ host: String, _ port: UInt16, _ source: String) throws(RequestError) {
            do throws(NetworkPolicy.Endpoint.Invalid) {
                let endpoint = try NetworkPolicy.Endpoint(host: host, port: port)
                if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            } catch {
                throw RequestError(.networkUnavailable, "libraries: the operator's \(source) \(error)")
            }
        }
        for text in [url].compactMap({ $0 }) + more {
            guard let place = Self.place(text) else {
                throw RequestError(.networkUnavailable, "libraries: the operator's index is no http(s) URL")
            }
            try allow(place.host, place.port, "index")
            if text.hasPrefix(Self.usual.dropLast("/simple".utf8.count)) {
                try allow(Self.usualFileHost, place.port, "index")
            }
        }
        for text in fileHosts {
            let parts = text.split(separator: ":", maxSplits: 1)
            let port = parts.count == 2 ? UInt16(parts[1]) ?? 0 : 443
            try allow(String(parts.first ?? ""), port, "--index-hosts")
        }
        return endpoints
    }

    private static func place(_ url: String) -> Place? {
        let schemes: [(String, UInt16)] = [("https://", 443), ("http://", 80)]
        guard let (scheme, usualPort) = schemes.first(where: { url.hasPrefix($0.0) }) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let server = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let parts = server.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts[0].isEmpty else { return nil }
        guard let port = parts.count == 2 ? UInt16(parts[1]) : usualPort else { return nil }
        return Place(
            host: String(parts[0]), port: port, text: scheme + server + rest.dropFirst(authority.count))
    }

    /// The folders that are there and that sandboxes can be shown, in their order.
    package var shownFolders: [String] {
        folders.filter { path in
            var state = stat()
            return path.hasPrefix("/") && !path.contains(",") && stat(path, &state) == 0
                && state.st_mode & S_IFMT == S_IFDIR
        }
    }

    /// Texts of a tool without the secrets that an index's URL may hold.
    func withoutSecrets(_ text: String) -> String {
        var clean = text
        for url in [url].compactMap({ $0 }) + more {
            guard let place = Self.place(url), place.text != url else { continue }
            clean = clean.split(separator: url, omittingEmptySubsequences: false).joined(
                separator: place.text)
            let secrets = url.dropFirst(8).prefix { $0 != "@" }
            clean = clean.split(separator: secrets, omittingEmptySubsequences: false).joined(separator: "…")
        }
        return clean
    }
}
