internal import Synchronization

/// Every language at hand; a pack is decoded when it is first asked for.
package final class LanguageCatalogue: Sendable {
    /// A pack that is not of the form that docs/language-packs.md describes.
    package struct Malformed: Error, Hashable {
        package var pack: String
        package var reason: String
    }

    private let sources: [PackSource]
    private let toolchains: Toolchains
    private let state = Mutex(State())

    private struct State {
        var heads: [PackHead]?
        var packs: [Int: LanguagePack] = [:]
    }

    /// `toolchains`: Folders that count more than the packs' own places.
    package init(_ sources: [PackSource] = PackSource.embedded(), toolchains: Toolchains = Toolchains()) {
        self.sources = sources
        self.toolchains = toolchains
    }

    /// The ids of all packs, most used first.
    package var ids: [String] { sources.map(\.id) }

    /// Looks a language up by its id or an alias, in any case.
    package func pack(named name: String) throws(Malformed) -> LanguagePack? {
        let name = name.lowercased()
        if let index = sources.firstIndex(where: { $0.id == name }) { return try pack(at: index) }
        return try pack { $0.aliases.contains(name) }
    }

    /// Looks a language up by the ending of a file's name.
    package func pack(forFile path: String) throws(Malformed) -> LanguagePack? {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return nil }
        let ending = String(decoding: name[name.index(after: dot)...], as: UTF8.self).lowercased()
        return try pack { $0.extensions.contains(ending) }
    }

    /// Looks a language up by the `#!` line that a program begins with.
    package func pack(forShebangOf program: [UInt8]) throws(Malformed) -> LanguagePack? {
        guard let interpreter = Shebang.interpreter(of: program) else { return nil }
        return try pack { $0.interpreters.contains(interpreter) }
    }

    /// The language of a program: by its `#!` line, else by its file's name.
    package func pack(forFile path: String, program: [UInt8]) throws(Malformed) -> LanguagePack? {
        if let pack = try pack(forShebangOf: program) { return pack }
        return try pack(forFile: path)
    }

    /// Decodes all packs.
    package func all() throws(Malformed) -> [LanguagePack] {
        var packs: [LanguagePack] = []
        for index in sources.indices { packs.append(try pack(at: index)) }
        return packs
    }

    private func pack(where matches: (PackHead) -> Bool) throws(Malformed) -> LanguagePack? {
        guard let index = try heads().firstIndex(where: matches) else { return nil }
        return try pack(at: index)
    }

    private func heads() throws(Malformed) -> [PackHead] {
        if let heads = state.withLock({ $0.heads }) { return heads }
        var heads: [PackHead] = []
        for source in sources {
            guard let head = PackHead(reading: source.json) else {
                throw Malformed(pack: source.id, reason: "the names do not come first")
            }
            heads.append(head)
        }
        state.withLock { $0.heads = heads }
        return heads
    }

    private func pack(at index: Int) throws(Malformed) -> LanguagePack {
        if let pack = state.withLock({ $0.packs[index] }) { return pack }
        let source = sources[index]
        var pack: LanguagePack
        do throws(PackReader.Wrong) {
            pack = try LanguagePack(parsing: source.json)
        } catch {
            throw Malformed(pack: source.id, reason: error.description)
        }
        if let folder = toolchains[pack.id] { pack = pack.using(toolchain: folder) }
        state.withLock { [pack] in $0.packs[index] = pack }
        return pack
    }
}
