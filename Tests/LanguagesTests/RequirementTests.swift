import Domain
import Languages
import Testing

struct RequirementTests {
    @Test(arguments: [
        ("numpy", "numpy"), ("  numpy  ", "numpy"), ("Zope.Interface", "zope-interface"), ("a", "a"),
        ("A_b--C", "a-b-c"),
        ("pandas==2.2.3", "pandas==2.2.3"), ("pandas >= 2 , < 3", "pandas<3,>=2"),
        ("pandas (>=2)", "pandas>=2"),
        ("pandas[excel, Plot]>=2", "pandas[excel,plot]>=2"), ("pandas[]", "pandas"), ("x==1.*", "x==1.*"),
        ("x!=1.2.*", "x!=1.2.*"),
        ("x~=1.4.2", "x~=1.4.2"), ("x===2004d", "x===2004d"), ("x==v1.0", "x==1.0"), ("x==1!2.0", "x==1!2.0"),
        ("x==1.0a1", "x==1.0a1"), ("x==1.0.RC-2", "x==1.0.rc-2"), ("x==1.0.post1.dev3", "x==1.0.post1.dev3"),
        ("x==1.0-1", "x==1.0-1"), ("x==1.0+ubuntu.1", "x==1.0+ubuntu.1"), ("x>=1,>=1", "x>=1"),
        ("x; python_version < '3.12'", "x; python_version < \"3.12\""),
        (
            "x;os_name=='posix' and (sys_platform != \"win32\" or extra == 'a')",
            "x; os_name == \"posix\" and (sys_platform != \"win32\" or extra == \"a\")"
        ),
        ("x ; 'linux' in sys_platform", "x; \"linux\" in sys_platform"),
        ("x ; sys_platform not   in 'win32 cygwin'", "x; sys_platform not in \"win32 cygwin\""),
    ])
    func `is read, and written in one way`(_ text: String, _ normal: String) throws {
        let requirement = try Requirement(parsing: text)
        #expect(requirement.description == normal)
        #expect(try Requirement(parsing: normal) == requirement)
    }

    @Test(arguments: [
        ("", "is empty"), ("   ", "is empty"), ("--index-url=https://evil.example/simple", "is an option"),
        ("-r other.txt", "is an option"),
        ("-e .", "is an option"), ("--extra-index-url", "is an option"),
        ("https://evil.example/x.whl", "is a URL"),
        ("git+https://evil.example/x", "is a URL"), ("file:///etc/passwd", "is a URL"),
        ("x @ https://evil.example/x.whl", "names a URL"),
        ("x@file:///etc", "names a URL"), ("./x", "is a path"), ("../x.whl", "is a path"),
        ("/etc/passwd", "is a path"), ("~/x", "is a path"),
        ("a/b", "is a path"), ("x y", "'y'"), ("x,y", "',y'"), ("_x", "name"), ("x-", "name"), ("é", "name"),
        ("x==", "no version"),
        ("x==a", "no version"), ("x=1", "'=1'"), ("x==1.*.2", "no version"), ("x>=1.*", "'.*'"),
        ("x~=1", "two numbers"), ("x==1;", "marker"),
        ("x; nonsense == '1'", "marker"), ("x; os_name", "marker"), ("x; os_name == 'a", "marker"),
        ("x; os_name = 'a'", "marker"),
        ("x; (os_name == 'a'", "marker"), ("x; os_name == 'a' and", "marker"),
        ("x; os_name == 'a'b", "marker"), ("x[a", "early"),
        ("x[,]", "extra"), ("x>=1 --hash=sha256:00", "'--hash"), ("x\n--index-url=y", "where nothing"),
        ("x\u{0}", "where nothing"),
        ("x>=1\n-r y", "where nothing"), ("x; os_name == '\n'", "marker"), ("x\\", "where nothing"),
        ("$(id)", "name"), ("x>=1`id`", "no version"),
    ])
    func `is refused with what is wrong`(_ text: String, _ words: String) {
        #expect(throws: Requirement.Invalid.self) { try Requirement(parsing: text) }
        do throws(Requirement.Invalid) { _ = try Requirement(parsing: text) } catch {
            #expect(error.reason.contains(words), "\(text): \(error.reason)")
        }
    }

    @Test func `has bounds on its length and depth`() {
        #expect(throws: Requirement.Invalid.self) {
            try Requirement(parsing: "x" + String(repeating: "y", count: 200))
        }
        #expect(throws: Requirement.Invalid.self) {
            try Requirement(parsing: "x>=" + String(repeating: "1", count: 600))
        }
        let deep = String(repeating: "(", count: 100) + "os_name == 'a'" + String(repeating: ")", count: 100)
        #expect(throws: Requirement.Invalid.self) { try Requirement(parsing: "x; " + deep) }
    }

    @Test(arguments: [
        (">=3.11", "3.11.2", true), (">=3.12", "3.11.2", false), ("==3.11.*", "3.11.2", true),
        ("==3.11", "3.11.2", false),
        ("~=3.10", "3.11.2", true), ("~=3.11.1", "3.12.0", false), ("!=3.11.*", "3.11.2", false),
        (">=3.8,<3.11", "3.11.2", false),
        ("<4", "3.11.2", true), ("==3.11.2", "3.11.2", true), (">3.11.2", "3.11.2", false),
        ("<=3.11.2", "3.11.2", true),
    ])
    func `versions of Python are compared by their numbers`(_ text: String, _ version: String, _ fits: Bool)
        throws
    {
        let release = version.split(separator: ".").compactMap { Int($0) }
        #expect(try VersionClause.list(parsing: text).allSatisfy { $0.admits(release: release) } == fits)
    }
}

struct RequirementsFileTests {
    private func names(_ text: String) throws(RequestError) -> [String] {
        try RequirementsFile.read(Array(text.utf8)).map(\.description)
    }

    @Test func `comments, blank and continued lines are read as pip reads them`() throws {
        let text = """
            # libraries
            numpy>=2   # numbers

              pandas[excel] \\
                >=2, \\
                <3
            requests; python_version > "3"
            #-r not-read.txt
            a#b
            """
        #expect(throws: RequestError.self) { try names(text) }
        let well = text.split(separator: "\n").dropLast().joined(separator: "\r\n")
        #expect(try names(well) == ["numpy>=2", "pandas[excel]<3,>=2", "requests; python_version > \"3\""])
        #expect(try names("").isEmpty)
        #expect(try names("numpy \\").first == "numpy")
    }

    @Test(arguments: [
        ("numpy\n-r other.txt", "line 2"), ("--index-url https://x.example", "line 1"),
        ("\n\nx @ https://x.example/x", "line 3"),
        ("x --hash=sha256:00", "option"), ("./x", "is a path"), ("x==1 --global-option=a", "option"),
    ])
    func `anything but a library is refused by its line`(_ text: String, _ words: String) {
        do throws(RequestError) {
            _ = try names(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    @Test func `has bounds`() {
        #expect(throws: RequestError.self) { try names((0..<201).map { "x\($0)" }.joined(separator: "\n")) }
        #expect(throws: RequestError.self) { try names(String(repeating: "#", count: 70_000)) }
        #expect(throws: RequestError.self) { try RequirementsFile.read([0xff, 0xfe]) }
    }
}

struct ScriptBlockTests {
    private func block(_ text: String) throws(RequestError) -> ScriptBlock? {
        try ScriptBlock.read(Array(text.utf8))
    }

    @Test func `the block of a script names libraries and the Python`() throws {
        let text = """
            #!/usr/bin/env python3
            # /// script
            # requires-python = ">=3.11"  # at least
            # dependencies = [
            #   "requests<3",
            #
            #   'rich', # for tables
            # ]
            #
            # [tool.uv]
            # index-url = "https://evil.example"
            # ///
            import requests
            """
        let block = try #require(try block(text))
        #expect(block.dependencies.map(\.description) == ["requests<3", "rich"])
        #expect(block.python.map(\.description) == [">=3.11"])
    }

    @Test(arguments: [
        "print(1)", "# /// script\nprint(1)", "# /// other\n# dependencies = [\"x\"]\n# ///",
        " # /// script\n # ///",
        "# /// script\n#dependencies = []\n# ///",
    ])
    func `a program without one has none`(_ text: String) throws {
        #expect(try block(text) == nil)
    }

    @Test func `an empty block asks for nothing`() throws {
        #expect(try block("# /// script\n# dependencies = []\n# ///") == ScriptBlock())
        #expect(try block("# /// script\n# ///\n") == ScriptBlock())
    }

    @Test(arguments: [
        ("# dependencies = [\"x\"", "list"), ("# dependencies = \"x\"", "list of strings"),
        ("# dependencies = [1]", "string"),
        ("# dependencies = [\"--index-url=x\"]", "is an option"),
        ("# requires-python = [\"3\"]", "no string"),
        ("# requires-python = \"3.11\"", "requires-python"),
        ("# dependencies = []\n# dependencies = []", "twice"),
        ("# other = \"x\"", "none of its keys"), ("# dependencies = [\"x\\n\"]", "escape"),
        ("# dependencies", "'='"),
        ("# dependencies = [\"\"\"x\"\"\"]", "several lines"),
    ])
    func `a block that is not of the form is refused`(_ content: String, _ words: String) {
        do throws(RequestError) {
            _ = try block("# /// script\n\(content)\n# ///\n")
            Issue.record("\(content) was taken")
        } catch {
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    @Test func `two blocks are refused`() {
        let one = "# /// script\n# dependencies = []\n# ///\n"
        #expect(throws: RequestError.self) { try block(one + "x = 1\n" + one) }
    }
}

struct LibraryWishTests {
    private func wish(
        _ code: String, language: String = "python", libraries: [String] = [], requirements: String? = nil
    ) throws -> LibraryWish {
        let pack = try #require(try LanguageCatalogue().pack(named: language))
        let entry = try WorkspacePath(parsing: pack.entry)
        var request = RunRequest(
            language: language, files: [SourceFile(path: entry, content: Array(code.utf8))])
        request.libraries = try libraries.map { try Requirement(parsing: $0) }
        if let requirements {
            request.files.append(
                SourceFile(
                    path: try WorkspacePath(parsing: "requirements.txt"), content: Array(requirements.utf8)))
        }
        return try LibraryWish.of(request, pack: pack, entry: entry)
    }

    @Test func `all three sources are one set, each library once`() throws {
        let code = "# /// script\n# dependencies = [\"B\", \"c\"]\n# ///\n"
        let wish = try wish(code, libraries: ["a", "b"], requirements: "c\nd\n")
        #expect(wish.requirements.map(\.description) == ["a", "b", "c", "d"])
        #expect(try self.wish("print(1)").isEmpty)
    }

    @Test func `a language that takes none refuses them, and reads no file of them`() throws {
        #expect(throws: RequestError.self) { try wish("1", language: "javascript", libraries: ["left-pad"]) }
        #expect(try wish("1", language: "javascript", requirements: "--no-such\n").isEmpty)
    }
}
