package import Domain

/// All the libraries that a run asks for: by its request, its `requirements.txt` and its script's block.
package struct LibraryWish: Hashable, Sendable {
    /// Each once, in one order.
    package var requirements: [Requirement]
    /// Whether libraries may be built that have no wheel.
    package var builds: Bool
    /// What the program says of the Python that it needs.
    package var python: [VersionClause]

    package init(requirements: [Requirement], builds: Bool = false, python: [VersionClause] = []) {
        self.requirements = Requirement.normalised(requirements)
        self.builds = builds
        self.python = python
    }

    package var isEmpty: Bool { requirements.isEmpty }

    /// - Throws: ``RequestError`` for libraries of a language that takes none, or a list that is wrong.
    package static func of(
        _ request: RunRequest, pack: LanguagePack, entry: WorkspacePath
    ) throws(RequestError) -> LibraryWish {
        guard pack.takesLibraries else {
            guard request.libraries.isEmpty else {
                throw RequestError(
                    .unsupported,
                    "libraries: \(pack.name) takes none in this version, Python does; leave the field out",
                    field: "libraries")
            }
            return LibraryWish(requirements: [])
        }
        var wish = LibraryWish(requirements: request.libraries, builds: request.buildsLibraries)
        let main = request.files.first { $0.path == entry }
        if let block = try main.flatMap({ file throws(RequestError) in try ScriptBlock.read(file.content) }) {
            wish.requirements += block.dependencies
            wish.python = block.python
        }
        if let file = request.files.first(where: { $0.path.description == RequirementsFile.name }) {
            wish.requirements += try RequirementsFile.read(file.content)
        }
        wish.requirements = Requirement.normalised(wish.requirements)
        guard wish.requirements.count <= Requirement.most else {
            throw RequestError(
                .invalidValue,
                "libraries: \(wish.requirements.count) together; at most \(Requirement.most) make an environment",
                field: "libraries")
        }
        return wish
    }
}

extension LibraryWish {
    /// `version`: Of the Python that runs it; nil where it is not known, which fits nothing that is asked of it.
    package func check(python version: String?) throws(RequestError) {
        guard !python.isEmpty else { return }
        let wanted = python.map(\.description).joined(separator: ",")
        let release = (version ?? "").split(separator: ".").compactMap { Int($0) }
        guard !release.isEmpty, python.allSatisfy({ $0.admits(release: release) }) else {
            throw RequestError(
                .unsupported,
                "requires-python: the program needs Python \(wanted), and this machine has \(version ?? "an unknown one")",
                field: "code")
        }
    }
}

extension LanguagePack {
    /// Whether programs of this language can have an environment of libraries.
    package var takesLibraries: Bool { id == "python" }
}
