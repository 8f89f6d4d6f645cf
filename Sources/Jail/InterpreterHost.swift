internal import CAssets
internal import CJail
internal import Glibc
internal import Posix

/// An interpreter that is kept warm: how it is started, and what stands in the root for it.
struct InterpreterHost {
    enum Kind {
        /// A host, from which guests are forked.
        case forked
        /// Each guest of the exec host becomes it, confined, and waits for its one run.
        case pooled
    }

    var kind = Kind.forked
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
    /// Whether its forks are contexts of sessions, and not runs.
    var isOfSessions = false

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
        if options.contexts, access(options.python, X_OK) == 0, hasIPython(options.python) {
            all[UInt32(CJAIL_HOST_PYTHON_CONTEXT.rawValue)] = pythonContext(options)
        }
        if options.warmSQL, SmallFile.exists("\(ChildProcess.ownFolder())/\(sqlProgram)") {
            all[UInt32(CJAIL_HOST_SQL.rawValue)] = sql(options)
        }
        if options.warmNode == .yes, access(options.node, X_OK) == 0,
            NodeReadiness.canFork(node: options.node)
        {
            all[UInt32(CJAIL_HOST_NODE.rawValue)] = node(options)
            all[UInt32(CJAIL_HOST_TYPESCRIPT.rawValue)] = node(options, with: ["DIATOM_TYPESCRIPT=1"])
        }
        return all
    }

    /// Those that can take the place of the ones above where those are not to be had.
    static func pooled(_ options: JailerOptions) -> [UInt32: Self] {
        guard options.warmNode != .no, access(options.node, X_OK) == 0 else { return [:] }
        var pooled: [UInt32: Self] = [:]
        if NodeReadiness.canWait(node: options.node, typescript: false) {
            pooled[UInt32(CJAIL_HOST_NODE.rawValue)] = pooledNode(options)
        }
        if NodeReadiness.canWait(node: options.node, typescript: true) {
            pooled[UInt32(CJAIL_HOST_TYPESCRIPT.rawValue)] = pooledNode(
                options, with: ["DIATOM_TYPESCRIPT=1"])
        }
        return pooled
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
                ("diatom/sitecustomize.py", .embedded(start)), ("diatom/warm.py", .embedded(warm)),
                ("diatom/entry.py", .embedded(bytes(cassets_python_entry()))), library,
            ],
            parked: options.parkedPython)
    }

    /// The same with IPython's shell in it, whose forks are contexts.
    private static func pythonContext(_ options: JailerOptions) -> Self {
        var host = python(options)
        host.environment.removeAll { $0.hasPrefix("DIATOM_PRELOAD=") }
        host.environment += [
            "DIATOM_PRELOAD=\(options.contextPreload.joined(separator: ","))", "DIATOM_CONTEXT=1",
            "IPYTHONDIR=/tmp/.ipython", "MPLCONFIGDIR=/tmp/.matplotlib",
        ]
        host.files.append(("diatom/context.py", .embedded(bytes(cassets_python_context()))))
        host.parked = options.parkedContexts
        host.isOfSessions = true
        return host
    }

    /// Looked for where Debian and pip put it, for asking the interpreter would take longer than its start.
    private static func hasIPython(_ python: String) -> Bool {
        var found = glob_t()
        defer { globfree(&found) }
        let prefix = python.hasPrefix("/usr/bin/") ? "/usr" : String(python.dropLast("/bin/python3".count))
        let places = [
            "/usr/lib/python3/dist-packages", "/usr/local/lib/python3*/dist-packages",
            "\(prefix)/lib/python3*/site-packages",
        ]
        return places.contains { glob("\($0)/IPython/__init__.py", 0, nil, &found) == 0 }
    }
}

extension InterpreterHost {
    private static let sqlProgram = "diatom-sql"

    /// By the loader, for what stands in a root for us is no executable file.
    private static func sql(_ options: JailerOptions) -> Self {
        Self(
            command: ["/lib64/ld-linux-x86-64.so.2", "/diatom/\(sqlProgram)", "--host"],
            environment: surroundings, files: [("diatom/\(sqlProgram)", .beside(sqlProgram)), library],
            parked: options.parkedSQL)
    }
}

extension InterpreterHost {
    private static let addOn = NodeReadiness.forkingAddOn
    private static let poolAddOn = NodeReadiness.poolingAddOn

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

    /// An ordinary Node, with the threads that it has, in a sandbox that stands already.
    private static func pooledNode(_ options: JailerOptions, with more: [String] = []) -> Self {
        Self(
            kind: .pooled,
            command: [options.node, "--require=/diatom/host.cjs", "/home/user/main.js"],
            environment: surroundings + ["DIATOM_POOLED=1"] + more,
            files: [("diatom/\(poolAddOn)", .beside(poolAddOn)), library],
            parked: options.parkedNode)
    }

    static func bytes(of file: cassets_node_file) -> UnsafeBufferPointer<UInt8> {
        bytes(cassets_node(file))
    }

    static func bytes(_ asset: cassets_bytes) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: asset.bytes, count: asset.length)
    }
}
