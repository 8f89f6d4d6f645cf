internal import CEdit
internal import Glibc
internal import Synchronization

/// Lines of a person at a terminal, with history and completion; of a pipe, as they are.
final class LineEditor {
    /// What could stand at the end of a text, and where that begins.
    typealias Completer = (_ text: String) -> (matches: [String], start: Int)

    private let isTerminal = isatty(0) == 1 && isatty(1) == 1
    private let historyFile: String?

    init(historyFile: String?, completer: @escaping Completer) {
        self.historyFile = historyFile
        guard isTerminal else { return }
        lineCompleter = completer
        using_history()
        stifle_history(2_000)
        if let historyFile { _ = read_history(historyFile) }
        diatom_edit_complete_by { _, _, end in
            let buffer = diatom_edit_line().map { String(cString: $0) } ?? ""
            let text = String(decoding: buffer.utf8.prefix(Int(end)), as: UTF8.self)
            return LineEditor.completions(of: text)
        }
    }

    /// The next line; nil at the end of the input.
    func line(_ prompt: String) -> String? {
        guard isTerminal else { return readLine() }
        guard let line = readline(prompt) else { return nil }
        defer { free(line) }
        let text = String(cString: line)
        if !text.isEmpty { add_history(line) }
        return text
    }

    deinit {
        if isTerminal, let historyFile { _ = write_history(historyFile) }
    }

    /// As readline wants them: what all have in common, then each, all of them `malloc`ed.
    private static func completions(of text: String) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        guard let (matches, start) = lineCompleter?(text), !matches.isEmpty else { return nil }
        // It replaces the word at the cursor only, which may begin later than what was completed.
        let word = text.unicodeScalars.reversed().prefix {
            !" \t\n\"\\'`@$><=;|&{(".unicodeScalars.contains($0)
        }.count
        let skipped = max(0, text.count - word - start)
        let words = matches.map { String($0.dropFirst(skipped)) }
        var common = words[0]
        for word in words { while !word.hasPrefix(common) { common.removeLast() } }
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: words.count + 2)
        list[0] = strdup(common)
        for (index, word) in words.enumerated() { list[index + 1] = strdup(word) }
        list[words.count + 1] = nil
        return list
    }
}

/// What the C library's hook can reach; there is one terminal.
nonisolated(unsafe) private var lineCompleter: LineEditor.Completer?
