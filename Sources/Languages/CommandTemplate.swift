/// An argument list with gaps: `["{gcc}", "-o", "{output}", "{sources}"]`.
///
/// `{entry}`, `{output}`, `{heap_mb}` and the names under the pack's `requires` stand for one text wherever
/// they occur, `{{` for a brace; `{sources}` is an argument of its own and becomes one argument for each source.
package struct CommandTemplate: Hashable, Sendable {
    /// What the gaps are filled with.
    package struct Values: Hashable, Sendable {
        package var entry: String
        package var sources: [String] = []
        package var output = ""
        /// What a runtime with a heap of its own may let that grow to, in MiB.
        package var heap = 0
        /// Absolute paths by the names of the pack's `requires`.
        package var programs: [String: String] = [:]

        package init(entry: String) { self.entry = entry }
    }

    package enum Piece: Hashable, Sendable {
        case text(String)
        case gap(String)
    }

    package enum Invalid: Error, Hashable {
        case empty
        case unclosedGap(String)
    }

    /// A gap that nothing fills.
    package struct Unfilled: Error, Hashable {
        package var gap: String
    }

    package let arguments: [[Piece]]

    package init(parsing arguments: [String]) throws(Invalid) {
        guard !arguments.isEmpty else { throw .empty }
        var parsed: [[Piece]] = []
        for argument in arguments { parsed.append(try Self.pieces(of: argument)) }
        self.arguments = parsed
    }

    /// Lines of a POSIX shell script, which itself has no gaps.
    ///
    /// It finds the paths of the pack's programs in variables of their names, and has as its arguments the
    /// first output, where there is one, and the sources, of which the entry is the first.
    package init(script lines: [String], programs: [String], output: Piece? = .gap("output")) {
        let variables = programs.sorted().flatMap { name in
            [Piece.text("\(name)='"), .gap(name), .text("'\n")]
        }
        let text = Piece.text(lines.joined(separator: "\n"))
        let shell: [[Piece]] = [[.text("/bin/sh")], [.text("-c")], variables + [text], [.text("sh")]]
        arguments = shell + (output.map { [[$0]] } ?? []) + [[.gap("sources")]]
    }

    /// The names of all gaps, in order, repeats included.
    package var gaps: [String] {
        arguments.joined().compactMap { piece in
            if case .gap(let name) = piece { name } else { nil }
        }
    }

    /// Fills the gaps and appends the program's own arguments.
    ///
    /// A file name that begins with `-` gets `./` before it, so that no tool takes it for an option.
    ///
    /// - Throws: ``Unfilled`` when a gap has no value.
    package func expand(_ values: Values, args: [[UInt8]] = []) throws(Unfilled) -> [[UInt8]] {
        var argv: [[UInt8]] = []
        argv.reserveCapacity(arguments.count + args.count)
        for pieces in arguments {
            if pieces == [.gap("sources")] {
                argv += values.sources.map { Array(Self.harmless($0).utf8) }
                continue
            }
            var argument: [UInt8] = []
            for piece in pieces {
                switch piece {
                case .text(let text): argument += text.utf8
                case .gap(let name):
                    let text = try Self.value(of: name, in: values)
                    argument += (argument.isEmpty ? Self.harmless(text) : text).utf8
                }
            }
            argv.append(argument)
        }
        return argv + args
    }

    private static func value(of gap: String, in values: Values) throws(Unfilled) -> String {
        switch gap {
        case "entry": return values.entry
        case "output" where !values.output.isEmpty: return values.output
        case "heap_mb" where values.heap > 0: return "\(values.heap)"
        default:
            guard let program = values.programs[gap] else { throw Unfilled(gap: gap) }
            return program
        }
    }

    private static func harmless(_ path: String) -> String { path.hasPrefix("-") ? "./" + path : path }

    private static func pieces(of argument: String) throws(Invalid) -> [Piece] {
        var pieces: [Piece] = []
        var rest = argument[...]
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            let after = rest.index(after: open)
            if after < rest.endIndex, rest[after] == "{" {
                pieces.append(.text("{"))
                rest = rest[rest.index(after: after)...]
                continue
            }
            guard let close = rest[open...].firstIndex(of: "}") else { throw .unclosedGap(argument) }
            pieces.append(.gap(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty || pieces.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }
}

extension CommandTemplate {
    init(reading pack: PackReader, _ member: String) throws(PackReader.Wrong) {
        do {
            try self.init(parsing: try pack.texts(member))
        } catch let error as Invalid {
            throw pack.wrong(member, "\(error)")
        } catch let error as PackReader.Wrong {
            throw error
        } catch {
            throw pack.wrong(member, "cannot be read")
        }
    }

    func check(gaps known: Set<String>, member: String) throws(PackReader.Wrong) {
        for gap in gaps where !known.contains(gap) {
            throw PackReader.Wrong(member: member, problem: "nothing fills {\(gap)}")
        }
        let sharesArgument = arguments.contains { $0.count > 1 && $0.contains(.gap("sources")) }
        guard !sharesArgument else {
            throw PackReader.Wrong(member: member, problem: "{sources} is not an argument of its own")
        }
    }
}
