internal import Languages

/// The commands that install languages, in order.
struct InstallPlan {
    struct Step: Hashable {
        var words: [String]
        /// Whether a shell has to read it; then it is one word.
        var isShell = false
        /// Whether it calls Debian's client, once for all languages, so that one can spoil it for the others.
        var isDebian = false

        /// As a person would type it.
        var text: String {
            isShell ? words[0] : words.joined(separator: " ")
        }
    }

    private(set) var commands: [Step] = []

    /// `pip`: The client to use; nil where there is none yet, and Debian's has to be installed first.
    init(_ packs: [LanguagePack], pip: String? = "pip") {
        var debian = packs.flatMap(\.install.debian)
        let fromPyPI = packs.filter { !$0.install.pypi.isEmpty }
        if !fromPyPI.isEmpty, pip == nil { debian.append("python3-pip") }
        if !debian.isEmpty {
            // Nothing of the machine's may have to go for a language.
            let options = ["--yes", "--no-install-recommends", "--no-remove"]
            commands.append(
                Step(words: ["apt-get", "install"] + options + Set(debian).sorted(), isDebian: true))
        }
        for pack in fromPyPI {
            let target = "\(Installation.folder)/\(pack.id)"
            let options = ["--quiet", "--upgrade", "--no-deps", "--only-binary", ":all:", "--target", target]
            commands.append(Step(words: [pip ?? "pip3", "install"] + options + pack.install.pypi))
        }
        for pack in packs {
            if let then = pack.install.then { commands.append(Step(words: [then], isShell: true)) }
        }
    }
}
