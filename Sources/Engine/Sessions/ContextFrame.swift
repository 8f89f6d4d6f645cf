internal import Domain
internal import JSON

/// What a context says, parsed as hostile; what is of no known form is nothing.
enum ContextFrame {
    case value(RichResult)
    case display(RichResult)
    case error(GuestError)
    case input(InputRequest)
    case completions(Completions)
    case finished(succeeded: Bool, exitCode: Int32?, count: Int?)

    private static let longestText = 64 << 10
    private static let mostLines = 200

    init?(_ bytes: [UInt8]) {
        guard let document = try? JSONParser.parse(bytes), case .object(let object) = document else {
            return nil
        }
        if case .object(let bundle) = object["result"] {
            self = .value(Self.shown(bundle))
        } else if case .object(let bundle) = object["display"] {
            self = .display(Self.shown(bundle))
        } else if case .object(let error) = object["error"] {
            self = .error(Self.error(error))
        } else if case .object(let asked) = object["input_request"] {
            self = .input(
                InputRequest(
                    id: Self.text(asked["id"], most: 64), prompt: Self.text(asked["prompt"], most: 4096),
                    isPassword: asked["password"] == .bool(true)))
        } else if case .object(let found) = object["completions"] {
            self = .completions(Self.completions(found))
        } else if case .object(let finished) = object["finished"] {
            self = Self.finished(finished)
        } else {
            return nil
        }
    }

    private static func shown(_ bundle: JSONObject) -> RichResult {
        RichResult(forms: bundle.members.compactMap(ResultsFile.form))
    }

    private static func error(_ object: JSONObject) -> GuestError {
        var error = GuestError(
            name: text(object["name"], most: 256), message: text(object["message"], most: 8192))
        if case .array(let lines) = object["traceback"] {
            error.traceback = lines.prefix(mostLines).map { text($0, most: longestText) }
        }
        return error
    }

    private static func completions(_ object: JSONObject) -> Completions {
        var matches: [String] = []
        if case .array(let list) = object["matches"] {
            matches = list.prefix(500).map { text($0, most: 512) }
        }
        return Completions(
            matches: matches, start: number(object["start"]) ?? 0, end: number(object["end"]) ?? 0)
    }

    private static func finished(_ object: JSONObject) -> ContextFrame {
        let code = number(object["exit_code"]).flatMap(Int32.init(exactly:))
        let succeeded = code.map { $0 == 0 } ?? (object["succeeded"] == .bool(true))
        return .finished(succeeded: succeeded, exitCode: code, count: number(object["execution_count"]))
    }

    private static func number(_ value: JSONValue?) -> Int? {
        guard case .number(let number) = value else { return nil }
        return number.integer
    }

    private static func text(_ value: JSONValue?, most: Int) -> String {
        guard case .string(let text) = value else { return "" }
        return String(text.prefix(most))
    }
}
