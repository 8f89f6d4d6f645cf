internal import Domain
internal import Engine
internal import Glibc
internal import Posix
internal import Testing

/// Counted in a process of its own: here, other tests start and end things all the time.
@Suite(.needsSandboxes, .serialized, .timeLimit(.minutes(3)))
struct LeakTests {
    /// The runtime's own descriptors come and go as it pleases.
    private static func descriptors(of pid: Int32) -> [String: Int] {
        let kinds = ProcessTable.openDescriptors(of: pid).compactMap { target -> String? in
            if target.contains("timerfd") || target.hasPrefix("/proc/") { return nil }
            return target.hasPrefix("/sys/fs/cgroup") ? "control group" : String(target.prefix { $0 != ":" })
        }
        return Dictionary(kinds.map { ($0, 1) }, uniquingKeysWith: +)
    }

    private static func controlGroups(of jailer: Int32) -> Int { controlGroupPaths(of: jailer).count }

    private static func controlGroupPaths(of jailer: Int32) -> [String] {
        var found: [String] = []
        for mount in ((try? SmallFile.read("/proc/self/mounts", limit: 1 << 20)) ?? "").split(separator: "\n")
        {
            let fields = mount.split(separator: " ")
            guard fields.count > 2, fields[2].hasPrefix("cgroup") else { continue }
            var folders = [String(fields[1])]
            while let folder = folders.popLast() {
                for name in SmallFile.names(in: folder) {
                    let path = "\(folder)/\(name)"
                    var state = stat()
                    guard lstat(path, &state) == 0, state.st_mode & S_IFMT == S_IFDIR else { continue }
                    folders.append(path)
                    if path.contains("/diatom-\(jailer)-") { found.append(path) }
                }
            }
        }
        return found
    }

    private static func mixture(_ engine: RunEngine, _ count: Int) async throws {
        for number in 0..<count {
            var request: RunRequest
            switch number % 8 {
            case 0:
                request = try Lab.request("import os\nos.fork()\nopen('f', 'w').write('x')");
                request.collect = ["*"]
            case 1: request = try Lab.request("while True: pass"); request.limits.wall = .milliseconds(30)
            case 2:
                request = try Lab.request("print('x' * 100000)"); request.limits.output = ByteCount(bytes: 10)
            case 3: request = try Lab.request("echo hi; sleep 100 & exit 1", "bash")
            case 4:
                request = try Lab.request("import sys\nsys.stdin.read(1)");
                request.stdin = .bytes([UInt8](repeating: 1, count: 200_000))
            case 5: request = try Lab.request("print(1)", start: .fresh); request.profile = true
            case 6:
                request = try Lab.request("x = b'x' * (200 << 20)"); request.limits.memory = .mebibytes(32)
            default: request = try Lab.request("import os, sys\nprint(1)\nos.kill(os.getpid(), 11)")
            }
            let ready = request
            _ = try await engine.run(ready)
        }
    }

    /// More than a jailer has pools for at a time.
    @Test func `keys that come and go are all served, and leave no control groups behind`() async throws {
        let engine = try Lab.makeEngine()
        let jailer = try #require(engine.jailerProcess)
        for round in 0..<38 {
            try await withThrowingTaskGroup { group in
                for number in 0..<8 {
                    group.addTask {
                        var request = try Lab.request("echo hello", "sh")
                        request.key = KeyID("key_\(round * 8 + number)")
                        return try await engine.run(request)
                    }
                }
                for try await result in group { #expect(result.out == "hello\n", result.account) }
            }
        }
        let keys = Set(
            Self.controlGroupPaths(of: jailer).flatMap { $0.split(separator: "/") }.filter {
                $0.hasPrefix("k-key_")
            })
        // Each of 304 keys had a parent; a few more than the pools may stay while sandboxes die.
        #expect(keys.count < 290)
        withExtendedLifetime(engine) {}
    }

    @Test func `after 200 runs of all kinds no process, descriptor or control group is left`() async {
        await #expect(processExitsWith: .success) {
            let engine = try Lab.makeEngine()
            try await Self.mixture(engine, 24)
            let jailer = try #require(engine.jailerProcess)
            // Parked: 4 warm, 2 fresh, each an init and a guest, and the hosts and the janitor.
            func settled() async -> Int {
                var last = -1
                var same = 0
                while same < 30 {
                    let now = ProcessTable.descendants(of: jailer).count
                    same = now == last ? same + 1 : 0
                    last = now
                    usleep(10_000)
                }
                return last
            }
            func counts() async -> [Int] {
                [
                    await settled(), Self.descriptors(of: getpid()).values.reduce(0, +),
                    Self.descriptors(of: jailer).values.reduce(0, +),
                    Self.controlGroups(of: jailer),
                ]
            }
            // Slots are kept, so a busier moment than any before may add some; a leak would add some every time.
            var before = await counts()
            var grew = true
            for _ in 0..<4 where grew {
                try await Self.mixture(engine, 200)
                let after = await counts()
                grew = zip(before, after).contains { $0 < $1 }
                before = after
            }
            #expect(!grew)
        }
    }

    @Test func `when the process that holds the engine is killed, everything of its jailer goes`()
        async throws
    {
        var template = Array("/tmp/engine-killed.XXXXXX".utf8CString)
        _ = Descriptor(adopting: mkstemp(&template))
        let path: String = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let engine = try Lab.makeEngine()
            let request = try Lab.request("import time\nprint('begun', flush=True)\ntime.sleep(1000)")
            let jailer = try #require(engine.jailerProcess)
            _ = try await engine.run(request, id: .now()) { event in
                guard case .output = event.payload else { return }
                let pids = [jailer] + ProcessTable.descendants(of: jailer).map(\.pid)
                try? SmallFile.write(path, pids.map(String.init).joined(separator: "\n"))
                kill(getpid(), SIGKILL)
            }
        }
        let pids = try SmallFile.read(path).split(separator: "\n").compactMap { Int32($0) }
        #expect(pids.count >= 6, "jailer, hosts, inits, guests: \(pids)")
        await eventually { ProcessTable.all().allSatisfy { !pids.contains($0.pid) || $0.isDead } }
        await eventually { Self.controlGroups(of: pids[0]) == 0 }
    }
}
