internal import API
internal import Domain
internal import JSON
internal import Languages
internal import Posix

/// What `diatom languages` and `diatom languages show` print.
struct LanguageReport {
    private let invocation: Invocation
    private let messages: Messages

    init(_ invocation: Invocation) {
        self.invocation = invocation
        messages = Messages(environment: invocation.environment)
    }

    func list() throws(UsageError) -> Int32 {
        let catalogue = try invocation.catalogue()
        let listing = listing(of: catalogue, packs: (try? catalogue.all()) ?? [])
        let isJSON = invocation.parsed.has(.json)
        messages.print(
            isJSON
                ? String(decoding: LanguageListing.encode(listing), as: UTF8.self) : Self.table(of: listing))
        return 0
    }

    func show(_ name: String) throws(UsageError) -> Int32 {
        let catalogue = try invocation.catalogue()
        let pack = try catalogue.known(name)
        let listing = listing(of: catalogue, packs: [pack]).filter { $0.id == pack.id }
        if invocation.parsed.has(.json) {
            let text = String(decoding: LanguageListing.encode(listing), as: UTF8.self)
            messages.print(text)
        } else {
            messages.print(details(of: pack, listing[0]))
        }
        return 0
    }

    private func listing(of catalogue: LanguageCatalogue, packs: [LanguagePack]) -> [LanguageListing] {
        let asked = Versions.ask(packs)
        return CatalogueDirectory(
            catalogue, versions: { asked.known }, releases: { asked.releases }, start: Self.start(of:)
        ).listing
    }

    /// How a service on this machine starts a language's programs, unless its operator says otherwise.
    private static func start(of pack: LanguagePack) -> Receipt.Start {
        guard let host = pack.host else { return .exec }
        guard host == "node" || host == "typescript" else { return .forked }
        guard let node = try? pack.locatePrograms()["node"] else { return .exec }
        if NodeReadiness.canFork(node: node) { return .forked }
        return NodeReadiness.canWait(node: node, typescript: host == "typescript") ? .pooled : .exec
    }

    private static func table(of listing: [LanguageListing]) -> String {
        let rows = listing.map { language in
            [
                language.id, language.name, language.version ?? "-", age(of: language), language.start,
                language.installed ? "ready" : "missing: \(language.hint ?? "")",
            ]
        }
        return aligned([["ID", "NAME", "VERSION", "AGE", "START", "STATE"]] + rows)
    }

    private func details(of pack: LanguagePack, _ language: LanguageListing) -> String {
        func words(_ list: [String]) -> String { list.isEmpty ? "-" : list.joined(separator: " ") }
        let toolchain = (try? Toolchains.load(invocation.toolchainFile))?[pack.id]
        var rows = [
            ["id", pack.id], ["name", pack.name], ["version", language.version ?? "-"],
            ["released", Self.words(language.release)], ["start", language.start],
            ["state", language.installed ? "ready" : "missing: \(language.hint ?? "")"],
            ["aliases", words(pack.aliases)], ["endings", words(pack.extensions.map { "." + $0 })],
            ["#! programs", words(pack.interpreters)], ["entry", pack.entry],
            ["compiles", pack.compile == nil ? "no" : "yes"],
        ]
        let found = try? pack.locatePrograms()
        for (name, candidates) in pack.requires.sorted(by: { $0.key < $1.key }) {
            rows.append(["needs \(name)", found?[name] ?? "one of \(words(candidates))"])
        }
        if let check = pack.check { rows.append(["type check", state(of: check, pack)]) }
        if let toolchain { rows.append(["toolchain", toolchain]) }
        rows += InstallPlan([pack]).commands.map { ["install", $0.text] }
        return Self.aligned(rows)
    }

    /// `3.8 y`, `12 d`; `>` before it where nothing tells when the version came out, only when it came here.
    private static func age(of language: LanguageListing) -> String {
        guard let release = language.release else { return "-" }
        let days = release.age(at: WallClock.now())
        let tenths = (days * 10 + 182) / 365
        let age = days < 365 ? "\(days) d" : "\(tenths / 10).\(tenths % 10) y"
        return release.source == .file ? ">\(age)" : age
    }

    private static func words(_ release: Release?) -> String {
        switch release?.source {
        case nil: "-"
        case .runtime: "\(release?.day.description ?? "") (it says so itself)"
        case .debian: "\(release?.day.description ?? "") (when Debian first had this version)"
        case .file: "before \(release?.day.description ?? "") (its file's date)"
        }
    }

    /// The checker's version, or how to get one.
    private func state(of check: TypeCheck, _ pack: LanguagePack) -> String {
        guard let own = try? check.locatePrograms() else { return "missing: \(check.install)" }
        var checker = pack
        checker.version = check.version
        checker.requires = pack.requires.merging(check.requires) { $1 }
        let version = Versions.ask([checker]).known[pack.id]
        let programs = own.sorted { $0.key < $1.key }.map { "\($0.key) \(version ?? "") \($0.value)" }
        return programs.joined(separator: ", ")
    }

    static func aligned(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.dropLast().enumerated().map { index, text in
                text + String(repeating: " ", count: widths[index] - text.count + 2)
            }
            return cells.joined() + (row.last ?? "")
        }.joined(separator: "\n")
    }
}

extension LanguageCatalogue {
    /// A language that a command line names.
    func known(_ name: String) throws(UsageError) -> LanguagePack {
        let pack: LanguagePack?
        do throws(Malformed) { pack = try self.pack(named: name) } catch {
            throw UsageError("the pack \(error.pack) is malformed: \(error.reason)")
        }
        guard let pack else {
            throw UsageError(
                "there is no language '\(name.shortened(to: 64))'; 'diatom languages' lists them")
        }
        return pack
    }
}
