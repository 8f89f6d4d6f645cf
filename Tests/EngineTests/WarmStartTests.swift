internal import Domain
internal import Testing

/// What a warm run finds done already.
@Suite(.needsSandboxes, .timeLimit(.minutes(2)))
struct WarmStartTests {
    /// Arguments and environment that most runs have stand in the host before it forks: taking others copies pages.
    @Test func `a run that asks for nothing unusual finds its arguments and environment standing`()
        async throws
    {
        var pairs: [(usual: Int, others: Int)] = []
        // While other tests keep the host busy no guest waits long enough to be told apart.
        for _ in 0..<6 where pairs.last.map({ $0.usual + 20 < $0.others }) != true {
            let usual = try await fewestFaults { _ in }
            pairs.append((usual, try await fewestFaults { $0.args = [Array("x".utf8)] }))
        }
        #expect(pairs.last.map { $0.usual + 20 < $0.others } == true, "\(pairs)")
    }

    /// Page faults from the fork to the program's first line, of the run that had the fewest.
    private func fewestFaults(_ change: (inout RunRequest) -> Void) async throws -> Int {
        var fewest = Int.max
        for _ in 0..<8 {
            let result = try await Lab.run(
                "print(open('/proc/self/stat').read().split()[9])", configure: change)
            #expect(result.receipt?.start == .forked, result.account)
            fewest = min(fewest, try #require(Int(result.out.dropLast()), result.account))
        }
        return fewest
    }

    @Test(arguments: [
        "hello.py", "src/app main.py", "grüße.py", "no-suffix",
        "\(String(repeating: "d/", count: 20))deep.py",
    ])
    func `a program of any name is forked and finds itself where it stands`(name: String) async throws {
        let program = """
            import sys, os, beside
            print([sys.argv, __file__, sys.path[0], sys.orig_argv[1:], beside.value, __name__])
            sys.stdout.flush()
            open("x y.py", "w").write("print(open(__file__).read()[:5])")
            raise ValueError(os.path.basename(__file__))
            """
        var accounts: [String] = []
        for start in [RunRequest.Start.warm, .fresh] {
            let result = try await Lab.run(program) {
                $0.files[0].path = try WorkspacePath(parsing: name)
                let folder = name.contains("/") ? name[...name.lastIndex(of: "/")!] : ""
                let beside = try WorkspacePath(parsing: folder + "beside.py")
                $0.files.append(SourceFile(path: beside, content: Array("value = 5".utf8)))
                $0.entry = name
                $0.args = [Array("a".utf8), Array("b c".utf8)]
                $0.start = start
            }
            #expect(result.receipt?.start == (start == .warm ? .forked : .exec), result.account)
            #expect(result.error?.file == name, result.account)
            accounts.append(result.out + result.err)
        }
        #expect(accounts[0] == accounts[1])
        #expect(accounts[0].contains("/home/user/\(name)"))
    }

    @Test func `packages of the user's own are found`() async throws {
        let result = try await Lab.run("import mine\nprint(mine.value)") {
            $0.entry = "main.py"
            let place = try WorkspacePath(parsing: ".local/lib/python3.11/site-packages/mine.py")
            $0.files.append(SourceFile(path: place, content: Array("value = 5".utf8)))
        }
        // Another minor version has another folder.
        guard result.version?.hasPrefix("3.11") == true else { return }
        #expect(result.out == "5\n", result.account)
    }

    @Test func `an archive that is a program runs as one`() async throws {
        let archive = """
            import io, sys, zipfile
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, 'w') as file:
                file.writestr('__main__.py', 'print("from an archive")')
            sys.stdout.buffer.write(packed.getvalue())
            """
        let made = try await Lab.run(archive)
        var request = try Lab.request("")
        request.files[0].content = made.stdout
        let result = try await Lab.engine().run(request)
        #expect(result.out == "from an archive\n", result.account)
    }
}
