internal import CAssets
internal import CJail
internal import Glibc
internal import Posix

/// An interpreter that is kept warm: how its host is started, and what stands in the host's root for it.
struct InterpreterHost {
    /// Where the bytes of a file come from: this program, or a file beside it.
    enum Content {
        case embedded(UnsafeBufferPointer<UInt8>)
        case beside(String)
    }

    /// The program and its arguments.
    var command: [String]
    var environment: [String]
    var files: [(path: String, content: Content)]
    /// How many sandboxes of it wait parked.
    var parked: Int

    private static let surroundings = [
        "HOME=/home/user", "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
    ]
    private static var library: (path: String, content: Content) {
        ("diatom/libcjail.so", .beside("libcjail.so"))
    }

    /// Those that the operator wants and this machine has.
    static func all(_ options: JailerOptions) -> [UInt32: Self] {
        var all: [UInt32: Self] = [:]
        if options.warmPython, access(options.python, X_OK) == 0 {
            all[UInt32(CJAIL_HOST_PYTHON.rawValue)] = python(options)
        }
        if options.warmNode, access(options.node, X_OK) == 0, isBeside(addOn), canFork(node: options.node) {
            all[UInt32(CJAIL_HOST_NODE.rawValue)] = node(options)
            all[UInt32(CJAIL_HOST_TYPESCRIPT.rawValue)] = node(options, with: ["DIATOM_TYPESCRIPT=1"])
        }
        return all
    }

    func readFiles() throws(SystemFailure) -> [(path: String, content: [UInt8])] {
        var read: [(path: String, content: [UInt8])] = []
        for file in files {
            switch file.content {
            case .embedded(let bytes): read.append((file.path, Array(bytes)))
            case .beside(let name): read.append((file.path, try Self.readBeside(name)))
            }
        }
        return read
    }

    private static func readBeside(_ name: String) throws(SystemFailure) -> [UInt8] {
        let path = ChildProcess.ownFolder() + "/" + name
        let fd = Descriptor(adopting: try check("open \(name)") { open(path, O_RDONLY | O_CLOEXEC) })
        return try SmallFile.read(fd.rawValue, limit: 2 << 20)
    }

    private static func isBeside(_ name: String) -> Bool {
        SmallFile.exists(ChildProcess.ownFolder() + "/" + name)
    }
}

extension InterpreterHost {
    /// What most runs have, so that a guest finds it there, and what only the host needs.
    ///
    /// One thread for numeric libraries: threads do not survive a fork, and one core is the default share.
    private static func python(_ options: JailerOptions) -> Self {
        let start = UnsafeBufferPointer(
            start: cassets_python_host_pointer(), count: cassets_python_host_length)
        let warm = UnsafeBufferPointer(
            start: cassets_python_warm_pointer(), count: cassets_python_warm_length)
        return Self(
            command: [options.python, "/home/user/main.py"],
            environment: surroundings + [
                "USER=user", "LOGNAME=user", "SHELL=/bin/bash", "TMPDIR=/tmp",
                "PYTHONPATH=/diatom", "PYTHONDONTWRITEBYTECODE=1", "LD_BIND_NOW=1", "OPENBLAS_NUM_THREADS=1",
                "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1",
                "DIATOM_PRELOAD=\(options.preload.joined(separator: ","))",
            ],
            files: [
                ("diatom/sitecustomize.py", .embedded(start)), ("diatom/warm.py", .embedded(warm)), library,
            ],
            parked: options.parkedPython)
    }
}

extension InterpreterHost {
    private static let addOn = "forking.node"

    /// Whether this is a Node that is known to survive a fork: 24, by its own headers, on x86-64.
    private static func canFork(node: String) -> Bool {
        #if arch(x86_64)
            let folders = node.split(separator: "/").dropLast(2).joined(separator: "/")
            let header = try? SmallFile.read("/\(folders)/include/node/node_version.h", limit: 64 << 10)
            return header?.split(separator: "\n").contains("#define NODE_MAJOR_VERSION 24") ?? false
        #else
            return false
        #endif
    }

    /// The stripper of TypeScript doubles what a child holds, so it has hosts of its own.
    ///
    /// V8 may have one thread in a process that forks.
    private static func node(_ options: JailerOptions, with more: [String] = []) -> Self {
        Self(
            command: [
                options.node, "--single-threaded", "--require=/diatom/host.cjs", "/home/user/main.js",
            ],
            environment: surroundings + ["LD_PRELOAD=/diatom/\(addOn)"] + more,
            files: [
                ("diatom/\(addOn)", .beside(addOn)), library,
            ],
            parked: options.parkedNode)
    }

    static func bytes(of file: cassets_node_file) -> UnsafeBufferPointer<UInt8> {
        bytes(cassets_node(file))
    }

    static func bytes(_ asset: cassets_bytes) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: asset.bytes, count: asset.length)
    }
}
