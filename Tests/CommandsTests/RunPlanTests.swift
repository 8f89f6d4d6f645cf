import API
@testable import Commands
import Domain
import FoundationEssentials
import Glibc
import Languages
import Testing

struct RunPlanTests: ~Copyable {
    let root: String

    init() throws {
        var template = Array("/tmp/diatom-plan-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        mkdir(root + "/lib", 0o700)
        for (name, text) in [
            "main.py": "print(1)\n", "lib/a.py": "a = 1\n", "tool": "#!/bin/sh\n", "odd": "x",
        ] {
            let descriptor = open("\(root)/\(name)", O_WRONLY | O_CREAT, 0o644)
            DescriptorOutput.writeAll(Array(text.utf8), to: descriptor)
            close(descriptor)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func plan(_ words: [String]) throws -> RunRequest {
        let words = words.map { $0.hasPrefix("@") ? "\(root)/\($0.dropFirst())" : $0 }
        let parsed = try ParsedArguments(words, options: RunFlags.all)
        return try RunPlan(parsed, catalogue: LanguageCatalogue()).request
    }

    @Test func `the first file is the entry and names count from its folder`() throws {
        let request = try plan(["@main.py", "@lib/a.py", "--", "-n", "5"])
        #expect(request.entry == "main.py")
        #expect(request.files.map(\.path.description) == ["main.py", "lib/a.py"])
        #expect(request.args == [Array("-n".utf8), Array("5".utf8)])
        #expect(request.language == "python")
        #expect(request.stdin == .stream(descriptor: 0))
    }

    @Test func `a file beside the first one's folder goes by its last name`() throws {
        #expect(try plan(["@lib/a.py", "@main.py"]).files.map(\.path.description) == ["a.py", "main.py"])
    }

    @Test func `code takes the default name of its language`() throws {
        let request = try plan(["-l", "PY3", "-c", "print(1)"])
        #expect(request.entry == "main.py")
        #expect(request.files.first?.content == Array("print(1)".utf8))
    }

    @Test func `a shebang line tells the language`() throws {
        #expect(try plan(["@tool"]).language == "sh")
    }

    @Test func `servers that are named reach the request, and a wrong one is wrong usage`() throws {
        let request = try plan(["@main.py", "--network", "Example.org:443", "--network=*.a.example:80"])
        #expect(request.network.allow.map(\.description) == ["example.org:443", "*.a.example:80"])
        for (word, why) in [("example.org", "has no port"), ("127.1:80", "number"), ("[::1]:1", "IPv6")] {
            let words = ["-l", "python", "-c", "", "--network", word]
            let error = #expect(throws: UsageError.self) {
                let parsed = try ParsedArguments(words, options: RunFlags.all)
                _ = try RunPlan(parsed, catalogue: LanguageCatalogue())
            }
            #expect(error?.message.contains(why) == true && error?.message.contains("'\(word)'") == true)
        }
    }

    @Test func `options reach the request`() throws {
        let file = "--file=\(root)/odd=data/in.txt"
        let request = try plan([
            "@main.py", file, "--env", "A=b=c", "--wall-ms", "7", "--memory-mb=64", "--output-bytes", "9",
            "--seed", "3",
            "--fresh", "--collect", "*.png", "--collect", "*.csv", "--profile", "--cpu-percent", "50",
        ])
        #expect(request.files.last?.path.description == "data/in.txt")
        #expect(request.env == [EnvironmentVariable(name: "A", value: "b=c")])
        #expect(request.limits.wall == .milliseconds(7))
        #expect(request.limits.memory == .mebibytes(64))
        #expect(request.limits.output == ByteCount(bytes: 9))
        #expect(request.limits.cpuPercent == 50)
        #expect(request.seed == 3)
        #expect(request.start == .fresh)
        #expect(request.collect == ["*.png", "*.csv"])
        #expect(request.profile)
    }

    @Test(arguments: [
        [], ["-c", "1"], ["@nope.py"], ["@lib"], ["@odd"], ["-l", "cobol-2077", "@main.py"],
        ["@main.py", "@main.py"],
        ["@main.py", "--env", "A"], ["@main.py", "--env", "=b"], ["@main.py", "--entry", "x"],
        ["@main.py", "--seed", "-1"], ["@main.py", "--wall-ms", "0"], ["@main.py", "--out", "/tmp"],
    ])
    func `what cannot be meant is wrong usage`(_ words: [String]) {
        let root = root
        #expect(throws: UsageError.self) {
            let words = words.map { $0.hasPrefix("@") ? "\(root)/\($0.dropFirst())" : $0 }
            let parsed = try ParsedArguments(words, options: RunFlags.all)
            _ = try RunPlan(parsed, catalogue: LanguageCatalogue())
        }
    }

    @Test func `what the command line sends is what the API reads`() throws {
        var request = try plan([
            "@main.py", "--env", "A=1", "--env", "A=2", "--wall-ms", "7", "--seed", "3", "--network",
            "*.example.org:443", "--", "ü",
        ])
        request.stdin = .bytes([0xff, 0x00])
        request.files.append(SourceFile(path: try WorkspacePath(parsing: "raw"), content: [0x80, 0x0a]))
        let languages = CatalogueDirectory(LanguageCatalogue())
        let decoder = RunRequestDecoder(maxima: LimitMaxima(), languages: languages)
        let decoded = try decoder.decode(RunRequestWriter.json(of: request)).request
        request.env = [EnvironmentVariable(name: "A", value: "2")]
        #expect(decoded == request)
    }
}
