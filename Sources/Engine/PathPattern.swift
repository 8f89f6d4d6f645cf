internal import Domain
internal import Glibc

/// A glob over paths: `*`, `?` and `[…]` within a name (fnmatch), `**` over any number of folders.
struct PathPattern: Sendable {
    private let parts: [String]

    init(_ pattern: String) { parts = pattern.split(separator: "/").map(String.init) }

    /// Costs at most parts × names steps, whatever the pattern.
    func matches(_ path: WorkspacePath) -> Bool {
        let names = path.names.map(String.init)
        // reachable[i]: the names so far can be matched by the first i parts.
        var reachable = [Bool](repeating: false, count: parts.count + 1)
        reachable[0] = true
        skipFolders(&reachable)
        for name in names {
            var next = [Bool](repeating: false, count: parts.count + 1)
            for (index, part) in parts.enumerated() where reachable[index] {
                if part == "**" {
                    next[index] = true
                } else if fnmatch(part, name, 0) == 0 {
                    next[index + 1] = true
                }
            }
            skipFolders(&next)
            reachable = next
        }
        return reachable[parts.count]
    }

    private func skipFolders(_ reachable: inout [Bool]) {
        for (index, part) in parts.enumerated() where part == "**" && reachable[index] {
            reachable[index + 1] = true
        }
    }
}
