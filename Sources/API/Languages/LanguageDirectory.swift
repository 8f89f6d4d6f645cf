package import Domain

/// The languages that a server knows, as far as its clients are concerned.
package protocol LanguageDirectory: Sendable {
    /// The file that code goes to when a request names none.
    ///
    /// - Parameter nameOrAlias: As a request spells it.
    /// - Returns: nil when no language has that id or alias.
    func defaultEntry(for nameOrAlias: String) -> WorkspacePath?

    /// The id of a language; nil when none has that id or alias.
    func id(of nameOrAlias: String) -> String?

    /// All languages, installed or not, in the order in which they are shown.
    var listing: [LanguageListing] { get }
}
