internal import API
internal import Domain

/// Two languages, one of them with an alias.
struct TestLanguages: LanguageDirectory {
    func defaultEntry(for nameOrAlias: String) -> WorkspacePath? {
        switch nameOrAlias {
        case "python", "py": try? WorkspacePath(parsing: "main.py")
        case "c": try? WorkspacePath(parsing: "main.c")
        default: nil
        }
    }

    func id(of nameOrAlias: String) -> String? {
        ["python": "python", "py": "python", "c": "c"][nameOrAlias]
    }

    let listing = [
        LanguageListing(
            id: "python", name: "Python", version: "3.11.2", aliases: ["py"], extensions: ["py"],
            start: "forked",
            installed: true, hint: nil)
    ]
}
