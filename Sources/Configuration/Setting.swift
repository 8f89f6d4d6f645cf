/// A value that somebody gave a setting, and who.
package struct Setting: Hashable, Sendable {
    /// As its flag is written: `--history-days`.
    package var name: String
    package var value: String
    /// Where it came from, in words: a file's path, a variable, `the command line`.
    package var source: String

    package init(_ name: String, _ value: String, source: String) {
        self.name = name
        self.value = value
        self.source = source
    }
}

/// What is known of a setting without its value.
package struct SettingKind: Hashable, Sendable {
    package var name: String
    /// The value that it has when nobody gives one.
    package var usual: String
    /// Whether it is a flag that may stand without a value.
    package var isFlag = false
    /// Whether several values, with commas or by several flags, make one list.
    package var isList = false
    /// Whether its value is secret: never shown, and never taken from the command line, which everybody on the machine
    /// can read.
    package var isSecret = false

    package init(
        _ name: String, usual: String = "", isFlag: Bool = false, isList: Bool = false, isSecret: Bool = false
    ) {
        self.name = name
        self.usual = usual
        self.isFlag = isFlag
        self.isList = isList
        self.isSecret = isSecret
    }

    /// `DIATOM_HISTORY_DAYS`.
    package var variable: String { "DIATOM_" + key.uppercased() }

    /// As a file has it: `history_days`.
    package var key: String { name.dropFirst(2).replacing("-", with: "_") }
}

extension String.SubSequence {
    fileprivate func replacing(_ old: Character, with new: Character) -> String {
        String(map { $0 == old ? new : $0 })
    }
}
