/// What a program in a sandbox saw of itself, read from the lines that ``script`` prints.
struct InsideView: Hashable, Sendable {
    /// `/proc/self/status` by name; empty where there is no /proc.
    private(set) var status: [String: String] = [:]
    /// Numbers of namespaces by name, as in `/proc/self/ns`.
    private(set) var namespaces: [String: String] = [:]
    private(set) var interfaces: [String] = []
    /// Where it can see a mount, and with which options.
    private(set) var mounts: [(point: String, options: String)] = []
    private(set) var facts: [String: String] = [:]

    /// POSIX sh and coreutils only; runs in a sandbox and does there what must not work.
    static let script = """
        echo "fact uid $(id -u) $(id -g)"
        echo "fact name $(uname -n)"
        echo "fact files $(ulimit -n)"
        echo "fact core $(ulimit -c)"
        (: > /usr/diatom-probe) 2>/dev/null && echo "fact writes /usr" || echo "fact writes none"
        (: > /home/user/probe) 2>/dev/null && echo "fact home writable"
        if command -v unshare >/dev/null; then
          unshare -U true 2>/dev/null && echo "fact unshare allowed" || echo "fact unshare refused"
        fi
        [ -e /proc/self/status ] || exit 0
        (: >> /proc/self/comm) 2>/dev/null && echo "fact append allowed" || echo "fact append refused"
        (: > /proc/self/comm) 2>/dev/null && echo "fact truncate allowed" || echo "fact truncate refused"
        count=0
        for folder in /proc/[0-9]*; do count=$((count + 1)); done
        echo "fact processes $count"
        for name in user pid mnt net ipc uts cgroup; do echo "ns $name $(readlink /proc/self/ns/$name)"; done
        while read -r line; do echo "status $line"; done < /proc/self/status
        while read -r line; do echo "mount $line"; done < /proc/self/mounts
        while read -r name rest; do case $name in *:) echo "interface $name";; esac; done < /proc/net/dev
        read -r line < /proc/self/uid_map && echo "fact map $line"
        """

    init(reading output: [UInt8]) {
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n").prefix(4_000) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard words.count >= 2 else { continue }
            switch words[0] {
            case "fact": facts[words[1]] = words.dropFirst(2).joined(separator: " ")
            case "ns" where words.count == 3: namespaces[words[1]] = words[2]
            case "status": status[String(words[1].dropLast())] = words.dropFirst(2).joined(separator: " ")
            case "mount" where words.count > 4: mounts.append((words[2], words[4]))
            case "interface": interfaces.append(String(words[1].prefix { $0 != ":" }))
            default: break
            }
        }
    }

    var hasProc: Bool { !status.isEmpty }

    static func == (one: Self, other: Self) -> Bool {
        one.status == other.status && one.namespaces == other.namespaces && one.facts == other.facts
    }

    func hash(into hasher: inout Hasher) { hasher.combine(facts) }
}
