package import Domain
package import Languages

/// The packs of a catalogue as clients see them.
package struct CatalogueDirectory: LanguageDirectory {
    private let catalogue: LanguageCatalogue
    private let versions: @Sendable () -> [String: String]
    private let releases: @Sendable () -> [String: Release]
    private let start: @Sendable (LanguagePack) -> Receipt.Start

    /// Takes what only the machine can tell.
    ///
    /// `versions`: Of the runtimes on this machine, as far as they are known, by the id of their pack.
    /// `releases`: When those versions came out.
    /// `start`: How programs of a pack start where a request does not say; by its host where nobody knows more.
    package init(
        _ catalogue: LanguageCatalogue, versions: @escaping @Sendable () -> [String: String] = { [:] },
        releases: @escaping @Sendable () -> [String: Release] = { [:] },
        start: @escaping @Sendable (LanguagePack) -> Receipt.Start = { $0.host == nil ? .exec : .forked }
    ) {
        self.catalogue = catalogue
        self.versions = versions
        self.releases = releases
        self.start = start
    }

    package func defaultEntry(for nameOrAlias: String) -> WorkspacePath? {
        guard let pack = try? catalogue.pack(named: nameOrAlias) else { return nil }
        return try? WorkspacePath(parsing: pack.entry)
    }

    package func id(of nameOrAlias: String) -> String? { (try? catalogue.pack(named: nameOrAlias))?.id }

    package var listing: [LanguageListing] {
        let packs = (try? catalogue.all()) ?? []
        let versions = versions()
        let releases = releases()
        return packs.map { pack in
            let missing = pack.missing
            var listing = LanguageListing(
                id: pack.id, name: pack.name, version: versions[pack.id], aliases: pack.aliases,
                extensions: pack.extensions, start: start(pack).rawValue,
                installed: missing == nil,
                hint: missing?.install)
            listing.release = releases[pack.id]
            listing.checksTypes = (try? pack.check?.locatePrograms()) != nil
            return listing
        }
    }
}
