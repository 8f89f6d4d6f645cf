internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

/// What is left of the machine's memory, out of files as kernels and containers have them.
struct MachineMemoryTests {
    private static let machine = "MemTotal:       8192 kB\nMemFree:  1 kB\nMemAvailable:   4096 kB\n"

    struct Row: CustomTestStringConvertible {
        var testDescription: String
        var files: [String: String]
        var reading: MachineMemory.Reading?
    }

    static let rows: [Row] = [
        Row(
            testDescription: "a machine", files: ["proc/meminfo": machine],
            reading: .init(available: 4_194_304, total: 8_388_608)),
        Row(
            testDescription: "a kernel that does not tell", files: ["proc/meminfo": "MemTotal: x kB\n"],
            reading: nil),
        Row(testDescription: "no kernel", files: [:], reading: nil),
        Row(
            testDescription: "a container, version 2",
            files: [
                "proc/meminfo": machine, "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "1000000\n",
                "sys/fs/cgroup/memory.current": "700000\n",
                "sys/fs/cgroup/memory.stat": "anon 5\ninactive_file 200000\n",
            ], reading: .init(available: 500_000, total: 1_000_000)),
        Row(
            testDescription: "a limit further up",
            files: [
                "proc/meminfo": machine, "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
                "sys/fs/cgroup/a/memory.max": "2000000\n", "sys/fs/cgroup/a/memory.current": "2500000\n",
            ], reading: .init(available: 0, total: 2_000_000)),
        Row(
            testDescription: "version 1",
            files: [
                "proc/meminfo": machine, "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/c\n",
                "sys/fs/cgroup/memory/c/memory.limit_in_bytes": "3000000\n",
                "sys/fs/cgroup/memory/c/memory.usage_in_bytes": "1000000\n",
                "sys/fs/cgroup/memory/c/memory.stat": "total_inactive_file 7\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            ], reading: .init(available: 2_000_007, total: 3_000_000)),
    ]

    @Test(arguments: rows)
    func `the least of what is left counts`(_ row: Row) throws {
        var template = Array("/tmp/memory.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var made: [String] = []
        defer {
            for path in made.reversed() { remove(path) }
            rmdir(root)
        }
        for (name, text) in row.files {
            var folder = root
            for part in name.split(separator: "/").dropLast() {
                folder += "/\(part)"
                if mkdir(folder, 0o700) == 0 { made.append(folder) }
            }
            let path = "\(root)/\(name)"
            close(open(path, O_CREAT | O_WRONLY, 0o600))
            made.append(path)
            try SmallFile.write(path, text)
        }
        #expect(MachineMemory(root: root).read() == row.reading)
    }

    @Test func `this machine tells`() throws {
        let reading = try #require(MachineMemory().read())
        #expect(reading.available > 0 && reading.available <= reading.total)
    }
}

/// A machine that is taken to have no memory left.
@Suite(.needsSandboxes, .needsControllers, .timeLimit(.minutes(2)))
struct MemoryPressureTests {
    private static let wait = "import time; time.sleep(1.5)"

    @Test func `the largest run ends, and is told why; small ones go on`() async throws {
        // More than there is: everything is always too much.
        let engine = try Lab.makeEngine {
            $0.leastMemory = .mebibytes(1 << 20)
            $0.admission.memoryReserve = .mebibytes(0)
        }
        async let small = engine.run(try Lab.request(Self.wait + "; print('small')"))
        async let large = engine.run(
            try Lab.request("x = b'x' * (80 << 20); " + Self.wait + "; print('large')"))
        let (one, other) = (try await small, try await large)
        #expect(one.verdict.status == .succeeded)
        #expect(other.verdict.status == .engineFailed)
        #expect(other.verdict.limit?.name == .memory && other.verdict.limit?.how == "host memory")
        #expect((other.verdict.limit?.measured ?? 0) > 15)
        #expect(other.failure?.contains("no memory left") == true)
        let again = try await engine.run(try Lab.request("print(1)"))
        #expect(again.verdict.status == .succeeded)
    }
}
