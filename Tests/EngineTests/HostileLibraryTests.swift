import Domain
import Engine
import Glibc
import Posix
import Testing

/// Libraries that mean harm: each is refused with an error that says so, or does no more than its program could.
@Suite(.needsSandboxes, .needsUv, .timeLimit(.minutes(5)))
struct HostileLibraryTests {
    @Test(arguments: ["climber", "rooted", "linked", "programs"])
    func `a wheel whose names lead elsewhere writes nothing elsewhere`(_ library: String) async throws {
        let data = try Libraries.newFolder()
        let engine = try Libraries.engine(data: data)
        do {
            let code = "import os, \(library); print(os.path.exists('/tmp/rooted.txt'), \(library).VALUE)"
            let result = try await Libraries.run(code, [library], on: engine)
            #expect(result.out == "False 1\n", result.account)
        } catch let error as RequestError {
            #expect(error.code == .environmentFailed, "\(error)")
        }
        for path in [
            "/tmp/rooted.txt", "/tmp/climbed.txt", data + "/climbed.txt", data + "/store/climbed.txt",
            data + "/climbed2.txt",
        ] {
            #expect(access(path, F_OK) != 0, "\(path)")
        }
        #expect(Self.links(in: data).isEmpty)
        let next = try await Libraries.run("import tinylib; print(1)", ["tinylib"], on: engine)
        #expect(next.out == "1\n", next.account)
    }

    private static func links(in path: String) -> [String] {
        var state = stat()
        guard lstat(path, &state) == 0 else { return [] }
        if state.st_mode & S_IFMT == S_IFLNK { return [path] }
        guard state.st_mode & S_IFMT == S_IFDIR else { return [] }
        return SmallFile.names(in: path).flatMap { links(in: "\(path)/\($0)") }
    }

    @Test(arguments: Lab.starts)
    func `a hook of a library runs in its program's sandbox only`(_ start: RunRequest.Start) async throws {
        let code = "import os; print(os.environ.get('HOOKED'))"
        #expect(try await Libraries.run(code, ["hooked"], start: start).out == "yes\n")
        #expect(try await Libraries.run(code, ["tinylib"], start: start).out == "None\n")
        #expect(try await Libraries.run(code, [], start: start).out == "None\n")
    }

    @Test func `a library cannot stand in for the standard library`() async throws {
        let result = try await Libraries.run("import json; print(json.loads('1'))", ["shadow"], start: .fresh)
        #expect(result.out == "1\n", result.account)
    }

    @Test func `an archive with two files of one name is an error or one of them`() async throws {
        let error = await Libraries.error { try await Libraries.run("1", ["doubled"]) }
        #expect(error?.code == .environmentFailed)
        #expect(error?.message.contains("doubled") == true, "\(String(describing: error))")
    }

    @Test func `a bomb is too large for the sandbox that unpacks it, and the error says so`() async throws {
        let data = try Libraries.newFolder()
        let error = await Libraries.error {
            try await Libraries.run("1", ["bomb"], on: try Libraries.engine(data: data))
        }
        #expect(error?.code == .environmentFailed)
        #expect(
            error?.message.contains("larger than a build sandbox of 256 MB") == true,
            "\(String(describing: error))")
        #expect(SmallFile.names(in: data + "/drafts").isEmpty)
        #expect(SmallFile.names(in: data + "/store") == ["wheels"])
    }

    @Test func `a full disk while an environment is kept is an error, and nothing half made stays`()
        async throws
    {
        let data = try Libraries.newFolder()
        guard mount("tmpfs", data, "tmpfs", UInt(0), "size=3m,mode=700") == 0 else {
            return  // only root can try
        }
        defer { umount2(data, Int32(2)) }
        let engine = try Libraries.engine(data: data)
        let error = await Libraries.error { try await Libraries.run("1", ["swarm"], on: engine) }
        #expect(
            error?.message.contains("disk that keeps environments is full") == true,
            "\(String(describing: error))")
        #expect(SmallFile.names(in: data + "/drafts").isEmpty)
        let next = try await Libraries.run("import tinylib; print(1)", ["tinylib"], on: engine)
        #expect(next.out == "1\n", next.account)
    }

    @Test func `a source distribution is built only where that is allowed`() async throws {
        let code = "import fromsource; print(fromsource.VALUE)"
        let error = await Libraries.error { try await Libraries.run(code, ["fromsource"]) }
        #expect(error?.message.contains("no usable wheels") == true, "\(String(describing: error))")
        let result = try await Libraries.run(code, ["fromsource"]) { $0.buildsLibraries = true }
        #expect(result.out == "built\n", result.account)
    }

    @Test func `what builds a library reaches no network`() async throws {
        let result = try await Libraries.run("import phoner; print(phoner.VALUE)", ["phoner"]) {
            $0.buildsLibraries = true
        }
        #expect(result.out == "[]\n", result.account)
    }

    @Test func `what builds a library changes nothing of ours`() async throws {
        let engine = try Libraries.engine()
        let before = try await Libraries.run("import tinylib; print(1)", ["tinylib"], on: engine)
        let error = await Libraries.error {
            try await Libraries.run("import vandal", ["vandal"], on: engine) { $0.buildsLibraries = true }
        }
        #expect(error?.message.contains("could not be built") == true, "\(String(describing: error))")
        #expect(try await engine.environments?.verify(try #require(before.environment)) == .whole)
    }

    @Test func `a build that names a path is refused before it runs`() async throws {
        let error = await Libraries.error {
            try await Libraries.run("1", ["pathbuilt"]) { $0.buildsLibraries = true }
        }
        #expect(error?.message.contains("more than names") == true, "\(String(describing: error))")
    }
}
