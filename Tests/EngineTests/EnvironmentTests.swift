import Domain
import Engine
import Foundation
import Glibc
import Posix
import Synchronization
import Testing

/// Tiny libraries, made once by a script of ours, and engines that have them for an index.
enum Libraries {
    static let uv = "/opt/diatom/uv/bin/uv"

    static let folder: Result<String, any Error> = Result {
        var template = Array("/tmp/libraries.XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        let script = #filePath.replacing(
            "EngineTests/EnvironmentTests.swift", with: "Fixtures/libraries/make.py")
        let null = open("/dev/null", O_RDWR)
        let pid = try ChildProcess.start(
            "/usr/bin/python3", ["-W", "ignore", script, folder], environment: ["PATH=/usr/bin:/bin"],
            descriptors: [(null, 0), (2, 1), (2, 2)])
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        close(null)
        try #require(status == 0)
        chmod(folder, 0o755)
        atexit { Libraries.removeAll() }
        return folder
    }

    static let made = Mutex<[String]>([])

    static func removeAll() {
        var folders = made.withLock { $0 }
        if case .success(let folder) = folder { folders.append(folder) }
        for folder in folders { remove(folder) }
    }

    static func remove(_ path: String) {
        var state = stat()
        guard lstat(path, &state) == 0 else { return }
        if state.st_mode & S_IFMT == S_IFDIR {
            chmod(path, 0o700)
            for name in SmallFile.names(in: path) { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    static func newFolder() throws -> String {
        var template = Array("/tmp/environments.XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        made.withLock { $0.append(folder) }
        return folder
    }

    /// `data`: The folder that the engine keeps environments in; nil for one of its own.
    static func engine(
        data: String? = nil, configure: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> RunEngine {
        let (data, links) = (try data ?? newFolder(), try folder.get())
        return try Lab.makeEngine {
            $0.environmentsFolder = data
            $0.libraryIndex.url = nil
            $0.libraryIndex.folders = [links]
            $0.environmentBuildSize = .mebibytes(256)
            configure(&$0)
        }
    }

    private static let shared = Result { try engine() }

    static func run(
        _ code: String, _ libraries: [String], start: RunRequest.Start = .warm, on engine: RunEngine? = nil,
        configure: (inout RunRequest) throws -> Void = { _ in }
    ) async throws -> RunResult {
        var request = try Lab.request(code, start: start)
        request.libraries = try libraries.map { try Requirement(parsing: $0) }
        try configure(&request)
        return try await (try engine ?? shared.get()).run(request)
    }

    static func error(_ body: () async throws -> RunResult) async -> RequestError? {
        do {
            let result = try await body()
            Issue.record("it ran: \(result.account)")
            return nil
        } catch {
            return error as? RequestError
        }
    }
}

/// What several runs say, in the order in which it came.
final class Heard: Sendable {
    let lines = Mutex<[String]>([])
}

extension Trait where Self == ConditionTrait {
    static var needsUv: Self {
        .enabled(if: access(Libraries.uv, X_OK) == 0, "uv is not installed (make uv)")
    }
}

@Suite(.needsSandboxes, .needsUv, .timeLimit(.minutes(5)))
struct EnvironmentTests {
    @Test(arguments: Lab.starts)
    func `a program imports its library and what that needs`(_ start: RunRequest.Start) async throws {
        let result = try await Libraries.run("import toplib; print(toplib.VALUE)", ["toplib"], start: start)
        #expect(result.out == "12\n", result.account)
        #expect(EnvironmentRecord.isHash(result.environment ?? ""))
        let again = try await Libraries.run("import tinylib; print(tinylib.VALUE)", ["toplib"], start: start)
        #expect(again.environment == result.environment)
        if start == .warm { #expect(again.receipt?.start == (try await Lab.warmStart("python"))) }
    }

    @Test(arguments: Lab.starts)
    func `libraries stand behind the standard library and in place of Debian's`(_ start: RunRequest.Start)
        async throws
    {
        let code = """
            import sys, os
            print([path for path in sys.path if "dist-packages" in path])
            print(sys.path[-1] == os.environ["PYTHONPATH"], sys.path[-1].endswith("/site-packages"))
            print([name for name in os.environ if name.startswith("DIATOM")], "seeded" in str(sys.path))
            try:
                open(sys.path[-1] + "/x", "w")
            except OSError as error:
                print(error.errno in (13, 30))
            import json
            print(json.__file__.startswith("/usr/lib/"))
            """
        let result = try await Libraries.run(code, ["tinylib", "shadow"], start: start)
        #expect(result.out == "[]\nTrue True\n[] False\nTrue\nTrue\n", result.account)
    }

    @Test(arguments: Lab.starts)
    func `programs of libraries and child interpreters find them`(_ start: RunRequest.Start) async throws {
        let code = """
            import subprocess, sys
            subprocess.run(["toplib"], check=True)
            subprocess.run([sys.executable, "-c", "import tinylib; print(tinylib.VALUE)"], check=True)
            """
        let result = try await Libraries.run(code, ["toplib"], start: start)
        #expect(result.out == "top 12\n2\n", result.account)
    }

    @Test func `a run without libraries sees none`() async throws {
        let result = try await Libraries.run("import tinylib", [])
        #expect(result.verdict.status == .failed)
        #expect(result.environment == nil)
        #expect(result.error?.hint?.contains("\"tinylib\"") == true, "\(String(describing: result.error))")
    }

    @Test func `a missing module has the name of the library that has it`() async throws {
        for (module, library) in [
            ("cv2", "opencv-python-headless"), ("sklearn.svm", "scikit-learn"), ("yaml", "PyYAML"),
            ("bs4", "beautifulsoup4"),
            ("google.cloud.storage", "google-cloud-storage"),
        ] {
            #expect(MissingModule.library(of: module) == library)
        }
        let result = try await Libraries.run("import skimage.io", ["tinylib"])
        #expect(result.error?.hint?.contains("scikit-image") == true, "\(String(describing: result.error))")
    }

    @Test func `a pinned version is the one, and versions that exclude each other are an error that says so`()
        async throws
    {
        let result = try await Libraries.run("import tinylib; print(tinylib.VALUE)", ["tinylib==1.0"])
        #expect(result.out == "1\n", result.account)
        let error = await Libraries.error { try await Libraries.run("1", ["toplib", "tinylib<2"]) }
        #expect(error?.code == .environmentFailed)
        #expect(error?.message.contains("tinylib") == true, "\(String(describing: error))")
    }

    @Test func `a library that does not exist is said by name, within seconds`() async throws {
        let start = ContinuousClock.now
        let error = await Libraries.error { try await Libraries.run("1", ["nosuchlibrary"]) }
        #expect(error?.code == .environmentFailed)
        #expect(
            error?.message.contains("nosuchlibrary was not found") == true, "\(String(describing: error))")
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func `an index that cannot be reached is said, within seconds`() async throws {
        let engine = try Libraries.engine {
            $0.libraryIndex.url = "http://127.0.0.1:9/simple"
            $0.libraryIndex.folders = []
        }
        let start = ContinuousClock.now
        let error = await Libraries.error { try await Libraries.run("1", ["tinylib"], on: engine) }
        #expect(error?.message.contains("cannot be reached") == true, "\(String(describing: error))")
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func `two runs that ask for the same at once build it once, and both hear of it`() async throws {
        let engine = try Libraries.engine()
        let heard = Heard()
        let results = try await withThrowingTaskGroup(of: RunResult.self) { group in
            for order in [["toplib", "many001"], ["many001", "TopLib"], ["many001", "toplib"]] {
                group.addTask {
                    var request = try Lab.request("import toplib; print(toplib.VALUE)")
                    request.libraries = try order.map { try Requirement(parsing: $0) }
                    return try await engine.run(request, id: .now()) { event in
                        if case .preparing(let text) = event.payload {
                            heard.lines.withLock { $0.append(text) }
                        }
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0.out == "12\n" })
        #expect(Set(results.map(\.environment)).count == 1)
        let fetched = heard.lines.withLock { $0.filter { $0.hasPrefix("fetched toplib") } }
        #expect((1...3).contains(fetched.count))
        #expect(try await engine.environments?.list().kept.count == 1)
    }

    @Test
    func `more environments than are made at a time are all made, and one that nobody waits for is not`()
        async throws
    {
        let engine = try Libraries.engine()
        let given = Task { try await Libraries.run("1", ["many150"], on: engine) }
        given.cancel()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 100..<105 {
                group.addTask {
                    let result = try await Libraries.run(
                        "import many\(number); print(many\(number).VALUE)", ["many\(number)"], on: engine)
                    #expect(result.out == "\(number)\n", result.account)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await given.value.verdict.status == .cancelled)
        #expect(try await engine.environments?.list().kept.count == 5)
    }

    @Test func `two engines of one folder build it once`() async throws {
        let data = try Libraries.newFolder()
        let engines = try [Libraries.engine(data: data), Libraries.engine(data: data)]
        let results = try await withThrowingTaskGroup(of: RunResult.self) { group in
            for engine in engines {
                group.addTask { try await Libraries.run("import tinylib; print(1)", ["tinylib"], on: engine) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0.out == "1\n" })
        #expect(SmallFile.names(in: data + "/drafts").isEmpty)
    }

    @Test func `progress is heard before anything starts`() async throws {
        let engine = try Libraries.engine()
        let heard = Mutex<[String]>([])
        let start = ContinuousClock.now
        let first = Mutex<Duration?>(nil)
        var request = try Lab.request("import tinylib")
        request.libraries = [try Requirement(parsing: "tinylib")]
        _ = try await engine.run(request, id: .now()) { event in
            switch event.payload {
            case .preparing(let text):
                first.withLock { $0 = $0 ?? (ContinuousClock.now - start) }
                heard.withLock { $0.append(text) }
            case .prepared: heard.withLock { $0.append("prepared") }
            case .started: heard.withLock { $0.append("started") }
            default: break
            }
        }
        #expect(try #require(first.withLock { $0 }) < .seconds(20))  // one second on a quiet machine
        #expect(heard.withLock { $0.suffix(2) } == ["prepared", "started"])
    }

    @Test func `a damaged environment is made again from the wheels that are kept`() async throws {
        let data = try Libraries.newFolder()
        let first = try await Libraries.run(
            "import tinylib", ["tinylib"], on: try Libraries.engine(data: data))
        let hash = try #require(first.environment)
        let file = "\(data)/store/\(hash)/site-packages/tinylib/__init__.py"
        #expect(truncate(file, 2) == 0)
        // Another engine, whose index has nothing: the wheels are here.
        let engine = try Libraries.engine(data: data)
        let second = try await Libraries.run("import tinylib; print(tinylib.VALUE)", ["tinylib"], on: engine)
        #expect(second.out == "2\n", second.account)
        #expect(second.environment == hash)
    }

    @Test func `a run that is cancelled while its environment is made leaves nothing half made`() async throws
    {
        let data = try Libraries.newFolder()
        let engine = try Libraries.engine(data: data)
        let task = Task {
            try await Libraries.run("1", (0..<150).map { "many\(String(1000 + $0).dropFirst())" }, on: engine)
        }
        try await Task.sleep(for: .milliseconds(700))
        task.cancel()
        #expect(try await task.value.verdict.status == .cancelled)
        for _ in 0..<200 where !SmallFile.names(in: data + "/drafts").isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(SmallFile.names(in: data + "/drafts").isEmpty)
        #expect(try await engine.environments?.list().kept.isEmpty == true)
        let again = try await Libraries.run("import tinylib; print(1)", ["tinylib"], on: engine)
        #expect(again.out == "1\n", again.account)
    }

    @Test func `two hundred libraries at once are one environment`() async throws {
        let names = (0..<200).map { "many\(String(1000 + $0).dropFirst())" }
        let result = try await Libraries.run("import many000, many199; print(many199.VALUE)", names)
        #expect(result.out == "199\n", result.account)
        let error = await Libraries.error { try await Libraries.run("1", names + ["tinylib"]) }
        #expect(error?.message.contains("at most 200") == true)
    }

    @Test func `requirements.txt and the block of a script are honoured`() async throws {
        let code =
            "# /// script\n# dependencies = [\"toplib\"]\n# ///\nimport toplib, many007; print(toplib.VALUE + many007.VALUE)"
        let result = try await Libraries.run(code, []) {
            $0.files.append(
                SourceFile(
                    path: try WorkspacePath(parsing: "requirements.txt"),
                    content: Array("many007 # seven\n".utf8)))
        }
        #expect(result.out == "19\n", result.account)
        for python in [">=99", "<3"] {
            let error = await Libraries.error {
                try await Libraries.run("# /// script\n# requires-python = \"\(python)\"\n# ///\n", [])
            }
            #expect(error?.message.contains("needs Python \(python)") == true, "\(String(describing: error))")
        }
    }

    @Test func `tests of one request share the environment`() async throws {
        let result = try await Libraries.run("import tinylib; print(input(), tinylib.VALUE)", ["tinylib"]) {
            $0.tests = [TestCase(stdin: Array("a".utf8)), TestCase(stdin: Array("b".utf8))]
        }
        #expect(result.runs.map(\.out) == ["a 2\n", "b 2\n"])
        #expect(result.environment != nil)
    }

    @Test func `an engine without a folder refuses libraries`() async throws {
        let error = await Libraries.error {
            try await Libraries.run("1", ["tinylib"], on: try Lab.engine())
        }
        #expect(error?.code == .unsupported)
    }
}
