package import Domain
internal import JSON

/// The `# /// script` block of a Python program (PEP 723): its libraries, and the Python that it needs.
package struct ScriptBlock: Hashable, Sendable {
    package var dependencies: [Requirement] = []
    package var python: [VersionClause] = []

    package init() {}

    /// The block of a program; nil where it has none.
    ///
    /// - Throws: ``RequestError`` for two blocks, or one that is not of the form.
    package static func read(_ program: [UInt8]) throws(RequestError) -> ScriptBlock? {
        guard program.count <= 4 << 20, contains(program, Array("# /// script".utf8)),
            let text = String(validating: program, as: UTF8.self)
        else { return nil }
        var found: String?
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
        while let line = lines.popFirst() {
            guard line == "# /// script", let content = takeContent(&lines) else { continue }
            guard found == nil else { throw wrong("there are two of them") }
            found = content
        }
        return try found.map { content throws(RequestError) in try parse(content) }
    }

    /// The commented lines up to the last `# ///` that follows them directly; nil where there is none.
    private static func takeContent(_ lines: inout ArraySlice<Substring>) -> String? {
        let comments = lines.prefix { $0 == "#" || $0.hasPrefix("# ") }
        guard let end = comments.lastIndex(of: "# ///") else { return nil }
        let content = comments[..<end].map { $0 == "#" ? "" : String($0.dropFirst(2)) }
        lines = lines[(end + 1)...]
        return content.joined(separator: "\n")
    }

    private static func parse(_ content: String) throws(RequestError) -> ScriptBlock {
        var reader = ScriptTable(content)
        var block = ScriptBlock()
        do throws(ScriptTable.Malformed) {
            for (key, value) in try reader.topLevel() {
                switch (key, value) {
                case ("dependencies", .list(let names)): block.dependencies = try requirements(names)
                case ("requires-python", .text(let text)): block.python = try versions(text)
                case ("dependencies", _):
                    throw ScriptTable.Malformed(reason: "dependencies is no list of strings")
                case ("requires-python", _):
                    throw ScriptTable.Malformed(reason: "requires-python is no string")
                default:
                    throw ScriptTable.Malformed(
                        reason: "'\(key.shortened(to: 64))' is none of its keys (PEP 723)")
                }
            }
        } catch {
            throw wrong(error.reason)
        }
        return block
    }

    private static func requirements(_ names: [String]) throws(ScriptTable.Malformed) -> [Requirement] {
        guard names.count <= Requirement.most else {
            throw ScriptTable.Malformed(reason: "names more than \(Requirement.most) libraries")
        }
        var requirements: [Requirement] = []
        for name in names {
            do throws(Requirement.Invalid) {
                requirements.append(try Requirement(parsing: name))
            } catch {
                throw ScriptTable.Malformed(reason: "'\(name.shortened(to: 64))' \(error.reason)")
            }
        }
        return requirements
    }

    private static func versions(_ text: String) throws(ScriptTable.Malformed) -> [VersionClause] {
        do throws(Requirement.Invalid) {
            return try VersionClause.list(parsing: text)
        } catch {
            throw ScriptTable.Malformed(reason: "requires-python \(error.reason)")
        }
    }

    private static func wrong(_ problem: String) -> RequestError {
        RequestError(.invalidValue, "the program's '# /// script' block: \(problem)", field: "code")
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard bytes.count >= part.count else { return false }
        return (0...bytes.count - part.count).contains { start in
            bytes[start] == part[0] && bytes[start..<start + part.count].elementsEqual(part)
        }
    }
}
