internal import Domain
internal import JSON

/// Reads what a program is started with: arguments and environment.
enum ProcessReader {
    private static let mostArguments = 1_000
    private static let mostVariables = 256
    private static let mostBytes = 128 << 10

    static func arguments(_ reader: ObjectReader) throws(RequestError) -> [[UInt8]] {
        var arguments: [[UInt8]] = []
        var total = 0
        for (index, value) in (try reader.array("args", most: mostArguments) ?? []).enumerated() {
            guard case .string(let text) = value else {
                throw reader.wrong("args[\(index)]", value, expected: "a string")
            }
            guard !text.utf8.contains(0) else {
                throw reader.error(
                    .invalidValue, "args[\(index)]", "holds NUL, which no argument can; use stdin")
            }
            total += text.utf8.count + 1
            arguments.append(Array(text.utf8))
        }
        guard total <= mostBytes else {
            throw reader.error(
                .invalidValue, "args", "\(total) bytes in all; at most \(mostBytes) are taken; use stdin")
        }
        return arguments
    }

    static func environment(_ reader: ObjectReader) throws(RequestError) -> [EnvironmentVariable] {
        guard let value = reader["env"] else { return [] }
        guard case .object(let object) = value else {
            throw reader.wrong("env", value, expected: "an object")
        }
        guard object.members.count <= mostVariables else {
            throw reader.error(
                .invalidValue, "env", "\(object.members.count) variables; at most \(mostVariables) are taken")
        }
        var variables: [EnvironmentVariable] = []
        var total = 0
        for member in object.members {
            variables.append(try variable(member, reader))
            total += member.name.utf8.count + (variables.last?.value.utf8.count ?? 0) + 2
        }
        guard total <= mostBytes else {
            throw reader.error(.invalidValue, "env", "\(total) bytes in all; at most \(mostBytes) are taken")
        }
        return variables
    }

    private static func variable(
        _ member: JSONObject.Member, _ reader: ObjectReader
    ) throws(RequestError) -> EnvironmentVariable {
        let field = "env.\(member.name.shortened(to: 64))"
        guard !member.name.isEmpty else {
            throw reader.error(.invalidValue, "env", "a variable has an empty name")
        }
        guard !member.name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }) else {
            throw reader.error(.invalidValue, field, "a variable's name holds neither '=' nor NUL")
        }
        guard case .string(let text) = member.value else {
            throw reader.wrong(field, member.value, expected: "a string")
        }
        guard !text.utf8.contains(0) else {
            throw reader.error(.invalidValue, field, "holds NUL, which no variable can")
        }
        return EnvironmentVariable(name: member.name, value: text)
    }
}
