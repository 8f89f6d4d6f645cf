internal import Domain

/// What uv and the builder say of a failure, in a line for who asked.
enum BuilderError {
    static func of(_ reason: String, _ text: String) -> RequestError {
        switch reason {
        case "network":
            RequestError(
                .unreachable,
                "libraries: the package index cannot be reached from here (\(cause(text))); try again, or ask for "
                    + "libraries that an environment has already")
        case "bounds":
            RequestError(
                .environmentFailed,
                "libraries: \(lastLine(text)); ask for fewer, or raise --environment-build-mb",
                field: "libraries")
        case "build":
            RequestError(
                .environmentFailed,
                "libraries: a library could not be built without a network: \(explained(text))",
                field: "libraries")
        case "resolve":
            RequestError(.environmentFailed, "libraries: \(explained(text))", field: "libraries")
        default:
            RequestError(.environmentFailed, "libraries: uv failed: \(explained(text))", field: "libraries")
        }
    }

    /// uv's explanation, without the frame that it draws around it.
    private static func explained(_ text: String) -> String {
        var words: [Substring] = []
        var isHint = false
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.drop { $0.isWhitespace || "├╰│─▶×".contains($0) }
            if content.hasPrefix("hint:") { isHint = true }
            guard !isHint, !content.hasPrefix("error:"), !content.isEmpty else { continue }
            words.append(content.hasPrefix("cause: ") ? content.dropFirst("cause: ".count) : content)
        }
        if words.isEmpty { return lastLine(text) }
        let hint =
            text.contains("building from source is disabled")
            ? " (\"build\": true allows building from source)" : ""
        return words.joined(separator: " ").shortened(to: 900) + hint
    }

    /// The innermost cause of a chain.
    private static func cause(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }
        let causes = lines.filter { $0.hasPrefix("cause: ") }.map { $0.dropFirst("cause: ".count) }
        return (causes.last.map(String.init) ?? lastLine(text)).shortened(to: 200)
    }

    static func lastLine(_ text: String) -> String {
        let line =
            text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) } ?? "no word"
        return String(line.drop(while: \.isWhitespace)).shortened(to: 300)
    }
}
