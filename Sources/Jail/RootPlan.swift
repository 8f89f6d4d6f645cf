internal import CAssets
internal import CJail
internal import Glibc
internal import Posix

/// What stands in the read-only root of hosts and sandboxes.
package struct RootPlan: Sendable {
    /// A file or folder of the machine, shown read-only.
    package struct Bind: Hashable, Sendable {
        package var source: String
        package var target: String
        package var isFile = false
    }

    package var binds: [Bind] = [Bind(source: "/usr", target: "usr")]
    package var files: [(path: String, content: [UInt8])] = []
    package var links: [(path: String, target: String)] = []
    package var folders = [
        "home/user", "tmp", "dev/shm", "proc", "etc", "run", "var/empty", "var/proc", "var/kept/proc",
        "var/tmp", "opt", "mnt",
        "srv",
        "root",
    ]

    package static let devices = ["null", "zero", "full", "random", "urandom", "tty"]

    /// The root that every sandbox stands in: the machine's /usr, a made-up /etc, and little else.
    ///
    /// `extra`: Further folders that the operator's file names, each shown at its own path.
    /// `environments`: The folder of environments of libraries; what is added to it appears in roots that stand.
    /// `links`: Folders of wheels of the operator's.
    package static func standard(
        extra: [String], environments: String? = nil, links: [String] = []
    ) -> RootPlan {
        var plan = RootPlan()
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            var buffer = [CChar](repeating: 0, count: 256)
            let length = readlink("/\(name)", &buffer, buffer.count - 1)
            if length > 0 {
                let target = String(decoding: buffer[0..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                plan.links.append((name, target))
            } else if SmallFile.exists("/\(name)") {
                plan.binds.append(Bind(source: "/\(name)", target: name))
            }
        }
        plan.links += [
            ("dev/fd", "/proc/self/fd"), ("dev/stdin", "/proc/self/fd/0"), ("dev/stdout", "/proc/self/fd/1"),
            ("dev/stderr", "/proc/self/fd/2"), ("etc/mtab", "/proc/self/mounts"), ("var/run", "/run"),
        ]
        plan.files.append(("var/blank", []))
        for (name, text) in Self.shownWithNetwork { plan.files.append((name, Array(text.utf8))) }
        plan.addConfiguration()
        let seeded = UnsafeBufferPointer(
            start: cassets_python_seeded_pointer(), count: cassets_python_seeded_length)
        plan.files.append(("diatom/seeded/sitecustomize.py", Array(seeded)))
        plan.files.append(
            ("diatom/environment.py", Array(InterpreterHost.bytes(cassets_python_environment()))))
        plan.addStillProcesses()
        // What guests read: they stand in this root, not in that of their interpreter's host.
        for (name, file) in [
            ("host.cjs", CASSETS_NODE_HOST), ("typescript.cjs", CASSETS_NODE_TYPESCRIPT),
            ("rehearsal.ts", CASSETS_NODE_REHEARSAL), ("node.d.ts", CASSETS_NODE_TYPES),
        ] {
            plan.files.append(("diatom/\(name)", Array(InterpreterHost.bytes(of: file))))
        }
        for path in [toolchains] where isSafe(path) { plan.show(path) }
        if let environments { plan.binds.append(Bind(source: environments, target: "diatom/environments")) }
        for (number, folder) in links.enumerated() where folder.hasPrefix("/") {
            plan.binds.append(Bind(source: folder, target: "diatom/links/\(number)"))
        }
        for path in Self.shownElsewhere + extra where path.hasPrefix("/") && SmallFile.exists(path) {
            plan.show(path)
        }
        return plan
    }

    /// Whether the struct that carries it has room for all that is shown.
    package var fits: Bool { binds.count + Self.devices.count <= Int(CJAIL_BINDS_MAX) }

    /// Adds those of the files that do not stand there yet.
    mutating func add(_ more: [(path: String, content: [UInt8])]) {
        files += more.filter { file in !files.contains { $0.path == file.path } }
    }

    /// Shows something of the machine at its own path, once.
    private mutating func show(_ path: String) {
        let bind = Bind(source: path, target: String(path.dropFirst()))
        if !binds.contains(bind) { binds.append(bind) }
    }

    /// Where `diatom languages install` puts runtimes that Debian has not.
    package static let toolchains = "/opt/diatom"

    /// Whether nobody but root and ourselves can have put anything there.
    private static func isSafe(_ folder: String) -> Bool {
        var state = stat()
        guard lstat(folder, &state) == 0, state.st_mode & S_IFMT == S_IFDIR else { return false }
        return (state.st_uid == 0 || state.st_uid == geteuid()) && state.st_mode & 0o022 == 0
    }

    /// What a confined host has in place of /proc, as it stood once: of the machine, and of no process.
    private mutating func addStillProcesses() {
        for name in ["cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version"] {
            guard let text = try? SmallFile.read("/proc/\(name)", limit: 1 << 18) else { continue }
            files.append(("var/proc/\(name)", Array(text.utf8)))
        }
    }

    private mutating func addConfiguration() {
        for (name, text) in Self.madeUp { files.append(("etc/\(name)", Array(text.utf8))) }
        for name in Self.copied {
            guard let text = try? SmallFile.read("/etc/\(name)", limit: 1 << 20) else { continue }
            files.append(("etc/\(name)", Array(text.utf8)))
        }
        if let cache = try? Self.bytes(of: "/etc/ld.so.cache") { files.append(("etc/ld.so.cache", cache)) }
        for name in Self.shown where SmallFile.exists("/etc/\(name)") {
            binds.append(Bind(source: "/etc/\(name)", target: "etc/\(name)"))
        }
    }

    private static func bytes(of path: String) throws(SystemFailure) -> [UInt8] {
        let fd = Descriptor(adopting: try check("open \(path)") { open(path, O_RDONLY | O_CLOEXEC) })
        return try SmallFile.read(fd.rawValue, limit: 1 << 20)
    }

    private static let madeUp: [(String, String)] = [
        (
            "passwd",
            """
            root:x:0:0:root:/root:/bin/sh
            user:x:1000:1000:user:/home/user:/bin/bash
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

            """
        ),
        ("group", "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n"),
        ("hosts", "127.0.0.1\tlocalhost diatom\n::1\tlocalhost\n"),
        ("hostname", "diatom\n"),
        ("host.conf", "multi on\n"),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\nprotocols: files\n"
        ),
        ("resolv.conf", ""),
        ("shells", "/bin/sh\n/bin/bash\n"),
        ("profile", "export PATH=/usr/local/bin:/usr/bin:/bin\n"),
        ("timezone", "Etc/UTC\n"),
    ]

    /// What init shows in the place of its namesakes in `/etc` where a run has a network: the service answers for names.
    private static let shownWithNetwork: [(String, String)] = [
        ("diatom/network/resolv.conf", "nameserver 127.0.0.53\n"),
        (
            "diatom/network/nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"
        ),
    ]

    /// Public data that programs look up; none of it names the machine.
    private static let copied = [
        "services", "protocols", "mime.types", "os-release", "debian_version", "bash.bashrc", "inputrc",
        "magic",
        "gai.conf", "matplotlibrc", "fpc.cfg", "ldc2.conf", "locale.alias", "ethertypes", "rpc", "networks",
    ]

    /// Folders of public data that are shown as they are.
    private static let shown = [
        "alternatives", "fonts", "ssl/certs", "ca-certificates", "python3", "python3.11", "perl",
        "java-17-openjdk", "matplotlibrc.d", "terminfo", "ImageMagick-6", "mono", "R", "nim", "php", "erlang",
        "groovy",
        "gnucobol",
    ]

    /// Folders that Debian's compilers read outside of /usr and /etc.
    private static let shownElsewhere = ["/var/lib/ghc"]
}

/// A ``RootPlan`` as the C struct, with the memory that it points into; made once and kept for good.
final class RootImage {
    let root: UnsafeMutablePointer<cjail_root>

    init(_ plan: RootPlan) {
        root = .allocate(capacity: 1)
        root.initialize(to: cjail_root())
        for bind in plan.binds { add(bind) }
        for name in RootPlan.devices { addDevice(name) }
        for file in plan.files { add(file.path, file.content) }
        for link in plan.links { add(link: link.path, target: link.target) }
        for folder in plan.folders { add(folder: folder) }
    }

    private func add(_ bind: RootPlan.Bind) {
        let flags =
            UInt32(CJAIL_BIND_OPTIONAL.rawValue) | (bind.isFile ? UInt32(CJAIL_BIND_FILE.rawValue) : 0)
        append(source: bind.source, target: bind.target, flags: flags)
    }

    private func addDevice(_ name: String) {
        append(source: "/dev/\(name)", target: "dev/\(name)", flags: UInt32(CJAIL_BIND_DEVICE.rawValue))
    }

    private func append(source: String, target: String, flags: UInt32) {
        let index = Int(root.pointee.bind_count)
        precondition(index < Int(CJAIL_BINDS_MAX), "the root has outgrown CJAIL_BINDS_MAX")
        withUnsafeMutableBytes(of: &root.pointee.binds) {
            $0.bindMemory(to: cjail_bind.self)[index] = cjail_bind(
                source: strdup(source), target: strdup(target), flags: flags, source_fd: -1)
        }
        root.pointee.bind_count += 1
    }

    private func add(_ path: String, _ content: [UInt8]) {
        let index = Int(root.pointee.file_count)
        precondition(index < Int(CJAIL_FILES_MAX), "the root has outgrown CJAIL_FILES_MAX")
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(content.count, 1), alignment: 1)
        copy.copyMemory(from: content, byteCount: content.count)
        withUnsafeMutableBytes(of: &root.pointee.files) {
            $0.bindMemory(to: cjail_file.self)[index] = cjail_file(
                path: strdup(path), content: copy, length: content.count)
        }
        root.pointee.file_count += 1
    }

    private func add(link path: String, target: String) {
        let index = Int(root.pointee.link_count)
        precondition(index < Int(CJAIL_LINKS_MAX), "the root has outgrown CJAIL_LINKS_MAX")
        withUnsafeMutableBytes(of: &root.pointee.links) {
            $0.bindMemory(to: cjail_link.self)[index] = cjail_link(target: strdup(target), path: strdup(path))
        }
        root.pointee.link_count += 1
    }

    private func add(folder: String) {
        let index = Int(root.pointee.folder_count)
        precondition(index < Int(CJAIL_FOLDERS_MAX), "the root has outgrown CJAIL_FOLDERS_MAX")
        withUnsafeMutableBytes(of: &root.pointee.folders) {
            $0.bindMemory(to: UnsafePointer<CChar>?.self)[index] = UnsafePointer(strdup(folder))
        }
        root.pointee.folder_count += 1
    }
}
