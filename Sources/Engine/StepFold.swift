internal import Domain
internal import Posix
internal import Workers

/// What a step left: its own output where nobody streams it, and the files that were wished for.
struct StepFold {
    private let wish: FileWish
    private(set) var stdout: [UInt8] = []
    private(set) var stderr: [UInt8] = []
    private(set) var files: [CollectedFile] = []
    /// The bytes of the file of results, where one is wanted.
    private(set) var results: [UInt8] = []
    private(set) var leftOut = 0
    private(set) var leftOutReason = ""
    private var bytes = 0

    init(wanted wish: FileWish) { self.wish = wish }

    mutating func take(_ output: RunEvent.Output) {
        switch output.stream {
        case .stdout: stdout.append(contentsOf: output.bytes)
        case .stderr: stderr.append(contentsOf: output.bytes)
        }
    }

    mutating func take(_ file: FoundFile) {
        guard let path = try? WorkspacePath(parsing: String(decoding: file.path, as: UTF8.self)),
            path.description.utf8.elementsEqual(file.path)
        else { return }
        if path.description == wish.results {
            results = (try? file.content.read(limit: min(file.size, ResultsFile.mostBytes))) ?? []
            return
        }
        guard wish.wants(path), !path.description.hasPrefix(".diatom-") else { return }
        guard files.count < wish.mostFiles else { return leave("more than \(wish.mostFiles) files match") }
        guard file.size <= wish.mostBytes - bytes else {
            return leave("files together are larger than \(wish.mostBytes) bytes")
        }
        guard let content = try? file.content.read(limit: file.size) else {
            return leave("a file could not be read")
        }
        bytes += content.count
        files.append(CollectedFile(path: path, content: content, executable: file.isExecutable))
    }

    private mutating func leave(_ reason: String) {
        leftOut += 1
        leftOutReason = reason
    }
}

/// Which files of a finished workspace are to be given back, and how much of them.
struct FileWish {
    private var patterns: [PathPattern]
    /// The file of rich results, which is not one that is given back.
    var results: String?
    let mostBytes: Int
    let mostFiles: Int

    init(patterns: [String], configuration: EngineConfiguration) {
        self.patterns = patterns.map(PathPattern.init)
        mostBytes = configuration.mostCollectedBytes
        mostFiles = configuration.mostCollectedFiles
    }

    func wants(_ path: WorkspacePath) -> Bool {
        patterns.contains { $0.matches(path) }
    }
}
