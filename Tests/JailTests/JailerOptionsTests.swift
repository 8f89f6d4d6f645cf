internal import Glibc
internal import Jail
internal import Posix
internal import Testing

struct JailerOptionsTests {
    @Test func `an operator's file is read with its comments, spaces and line ends`() throws {
        var options = JailerOptions()
        try options.read(
            """
            # layers
            allow = memory:sampled, proc:absent   # both
            \tpython=/opt/python/bin/python3
            warm-python = yes\r
            preload-more = numpy, ,pandas

            show = /opt/data,/srv/models
            max-memory-mb = 128
            max-disk-mb = 2
            max-wall-ms = 1500
            parked-python = 0
            sandboxes = 0
            listen = @name=with=signs
            listen-users = 0, 1000
            """)
        #expect(options.allowed == ["memory:sampled", "proc:absent"])
        #expect(options.python == "/opt/python/bin/python3")
        #expect(options.warmPython)
        #expect(options.preload == JailerOptions.standardPreload + ["numpy", "pandas"])
        #expect(options.shown == ["/opt/data", "/srv/models"])
        #expect(options.maxMemory == 128 << 20)
        #expect(options.maxDisk == 2 << 20)
        #expect(options.maxWall == 1_500_000_000)
        #expect(options.parkedPython == 0)
        #expect(options.sandboxes == 1, "a jailer without a sandbox serves nobody")
        #expect(options.listen == "@name=with=signs")
        #expect(options.listenUsers == [0, 1000])
    }

    @Test func `arguments override the file, and layers add up`() throws {
        var options = JailerOptions()
        try options.read("sandboxes = 3\nallow = proc:absent\npreload = json\n")
        try options.read(arguments: [
            "--sandboxes", "5", "--allow", "memory:sampled", "--client", "3", "--preload", "standard",
        ])
        #expect(options.sandboxes == 5)
        #expect(options.allowed == ["proc:absent", "memory:sampled"])
        #expect(options.client == 3)
        #expect(options.preload == JailerOptions.standardPreload)
    }

    @Test(
        arguments: [
            ("colour = red", .unknown("colour")), ("sandboxes", .unknown("sandboxes")),
            ("sandboxes = many", .value(name: "sandboxes", value: "many")),
            ("sandboxes = -1", .value(name: "sandboxes", value: "-1")),
            ("sandboxes =", .unknown("sandboxes =")),
            ("max-memory-mb = 1e3", .value(name: "max-memory-mb", value: "1e3")),
            (
                "max-memory-mb = 9223372036854775807",
                .value(name: "max-memory-mb", value: "9223372036854775807")
            ),
            ("max-disk-mb = 8796093022208", .value(name: "max-disk-mb", value: "8796093022208")),
            ("max-wall-ms = 9223372036854775807", .value(name: "max-wall-ms", value: "9223372036854775807")),
            (
                "max-wall-ms = 99999999999999999999",
                .value(name: "max-wall-ms", value: "99999999999999999999")
            ),
            ("first-user = 4294967296", .value(name: "first-user", value: "4294967296")),
            ("listen-users = root", .value(name: "listen-users", value: "root")),
            ("environments = relative", .value(name: "environments", value: "relative")),
            ("warm-python = maybe", .value(name: "warm-python", value: "maybe")),
            ("warm-node = forked", .value(name: "warm-node", value: "forked")),
        ] as [(String, JailerOptions.Invalid)])
    func `a line that says nothing clear is an error`(_ line: String, _ error: JailerOptions.Invalid) {
        #expect(throws: error) {
            var options = JailerOptions()
            try options.read("# first\n" + line)
        }
    }

    @Test(
        arguments: [
            (["--sandboxes"], "--sandboxes"), (["sandboxes", "3"], "sandboxes"), (["--", "3"], ""),
            (["--colour", "red"], "colour"),
        ] as [([String], String)])
    func `an argument without a value or a name is an error`(_ arguments: [String], _ named: String) {
        #expect(throws: JailerOptions.Invalid.unknown(named)) {
            var options = JailerOptions()
            try options.read(arguments: arguments)
        }
    }

    @Test(
        arguments: [(0o644, true), (0o600, true), (0o664, false), (0o646, false), (0o666, false)]
            as [(UInt32, Bool)])
    func `a file that others may write is not read`(_ mode: UInt32, _ isSafe: Bool) throws {
        let path = try Self.file("sandboxes = 7\n")
        defer { unlink(path) }
        chmod(path, mode)
        var options = JailerOptions()
        if isSafe {
            try options.readFile(path)
            #expect(options.sandboxes == 7)
        } else {
            #expect(throws: JailerOptions.Invalid.unsafeFile(path)) { try options.readFile(path) }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func `a stranger's file is not read`() throws {
        let path = try Self.file("sandboxes = 7\n")
        defer { unlink(path) }
        #expect(chown(path, 4711, 4711) == 0)
        #expect(throws: JailerOptions.Invalid.unsafeFile(path)) {
            var options = JailerOptions()
            try options.readFile(path)
        }
    }

    @Test func `a link is not followed, and no file is fine`() throws {
        let path = try Self.file("sandboxes = 7\n")
        let link = path + ".link"
        #expect(symlink(path, link) == 0)
        defer {
            unlink(path)
            unlink(link)
        }
        var options = JailerOptions()
        #expect(throws: JailerOptions.Invalid.unsafeFile(link)) { try options.readFile(link) }
        try options.readFile(path + ".none")
        #expect(options.sandboxes == JailerOptions().sandboxes)
    }

    private static func file(_ text: String) throws -> String {
        var template = Array("/tmp/jailer-conf.XXXXXX".utf8CString)
        let fd = Descriptor(adopting: mkstemp(&template))
        try writeAll(fd.rawValue, Array(text.utf8))
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `toolchains are shown, if nobody else could have written their file`() throws {
        var template = Array("/tmp/diatom-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        let text = "# comment\n \ngo = /opt/go\nswift = /opt/swift/usr\n"
        _ = write(descriptor, text, text.utf8.count)
        close(descriptor)
        var options = JailerOptions()
        try options.read("show = /srv/models\ntoolchains = \(path)")
        try options.showToolchains()
        #expect(options.shown == ["/srv/models", "/opt/go", "/opt/swift/usr"])
        chmod(path, 0o666)
        #expect(throws: JailerOptions.Invalid.unsafeFile(path)) { try options.showToolchains() }
    }

    @Test func `a toolchain's file that is not there is fine`() throws {
        var options = JailerOptions()
        options.toolchains = "/no/such/file"
        try options.showToolchains()
        #expect(options.shown == [])
    }
}
