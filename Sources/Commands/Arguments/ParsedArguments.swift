/// A command line taken apart along a table of options.
struct ParsedArguments: Hashable, Sendable {
    private(set) var operands: [String] = []
    /// What followed `--`, untouched; nil where there was no `--`.
    private(set) var rest: [String]?
    private var given: [String: [String]] = [:]

    /// Takes options and operands in any order: `--name VALUE`, `--name=VALUE`, `-x VALUE`, `-xVALUE`, `-xy`.
    ///
    /// - Throws: ``UsageError`` for an option that the table has not, or whose value is missing or too much.
    init(_ arguments: some Sequence<String>, options: [CommandOption]) throws(UsageError) {
        var iterator = arguments.makeIterator()
        while let argument = iterator.next() {
            if argument == "--" {
                rest = []
                while let next = iterator.next() { rest?.append(next) }
            } else if argument.hasPrefix("--") {
                try takeLong(argument.dropFirst(2), options: options) { iterator.next() }
            } else if argument.hasPrefix("-"), argument != "-" {
                try takeShort(argument.dropFirst(), options: options) { iterator.next() }
            } else {
                operands.append(argument)
            }
        }
    }

    func has(_ option: CommandOption) -> Bool { given[option.name] != nil }

    /// The last value given.
    func value(_ option: CommandOption) -> String? { given[option.name]?.last }

    func values(_ option: CommandOption) -> [String] { given[option.name] ?? [] }

    /// A whole number of at least one.
    func count(_ option: CommandOption) throws(UsageError) -> Int? {
        guard let text = value(option) else { return nil }
        guard let number = Int(text), number > 0, number <= 1 << 40 else {
            throw UsageError("--\(option.name): '\(text)' is not a whole number above 0")
        }
        return number
    }

    private mutating func takeLong(
        _ text: Substring, options: [CommandOption], next: () -> String?
    ) throws(UsageError) {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(halves[0])
        guard let option = options.first(where: { $0.name == name }) else {
            throw UsageError("there is no option --\(name)\(Self.nearest(name, options))")
        }
        if halves.count == 2 {
            guard option.value != nil else { throw UsageError("--\(name) takes no value") }
            return add(option, String(halves[1]))
        }
        try take(option, shown: "--\(name)", next: next)
    }

    private mutating func takeShort(
        _ text: Substring, options: [CommandOption], next: () -> String?
    ) throws(UsageError) {
        var rest = text
        while let letter = rest.popFirst() {
            guard let option = options.first(where: { $0.short == letter }) else {
                throw UsageError("there is no option -\(letter)")
            }
            if option.value != nil, !rest.isEmpty { return add(option, String(rest)) }
            try take(option, shown: "-\(letter)", next: next)
        }
    }

    private mutating func take(
        _ option: CommandOption, shown: String, next: () -> String?
    ) throws(UsageError) {
        guard let value = option.value else { return add(option, "") }
        guard let text = next() else { throw UsageError("\(shown) needs a value: \(shown) \(value)") }
        add(option, text)
    }

    private mutating func add(_ option: CommandOption, _ value: String) {
        given[option.name, default: []].append(value)
    }

    /// The option that was probably meant: one that shares the first three letters.
    private static func nearest(_ name: String, _ options: [CommandOption]) -> String {
        guard let option = options.first(where: { $0.name.hasPrefix(name.prefix(3)) }), name.count >= 3 else {
            return ""
        }
        return "; did you mean --\(option.name)?"
    }
}
