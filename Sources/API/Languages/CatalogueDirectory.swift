package import Domain
package import Languages

/// The packs of a catalogue as clients see them.
package struct CatalogueDirectory: LanguageDirectory {
    private let catalogue: LanguageCatalogue
    private let versions: @Sendable () -> [String: String]

    /// `versions`: Of the runtimes on this machine, as far as they are known, by the id of their pack.
    package init(
        _ catalogue: LanguageCatalogue, versions: @escaping @Sendable () -> [String: String] = { [:] }
    ) {
        self.catalogue = catalogue
        self.versions = versions
    }

    package func defaultEntry(for nameOrAlias: String) -> WorkspacePath? {
        guard let pack = try? catalogue.pack(named: nameOrAlias) else { return nil }
        return try? WorkspacePath(parsing: pack.entry)
    }

    package var listing: [LanguageListing] {
        let packs = (try? catalogue.all()) ?? []
        let versions = versions()
        return packs.map { pack in
            let missing = pack.missing
            return LanguageListing(
                id: pack.id, name: pack.name, version: versions[pack.id], aliases: pack.aliases,
                extensions: pack.extensions, start: pack.host == nil ? "exec" : "forked",
                installed: missing == nil,
                hint: missing?.install)
        }
    }
}
