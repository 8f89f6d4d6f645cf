/// The version of a Node by its own headers, which lie beside it where it was installed whole.
///
/// It is not asked: that would be a process to start, and a program to trust, before there is a sandbox.
package struct NodeVersion: Comparable, Sendable {
    package var major: Int
    package var minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    package static func < (one: Self, other: Self) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }
}

extension NodeVersion {
    /// Nil where there are no headers.
    package init?(ofNode path: String) {
        let folder = path.split(separator: "/").dropLast(2).joined(separator: "/")
        guard let text = try? SmallFile.read("/\(folder)/include/node/node_version.h", limit: 64 << 10)
        else { return nil }
        self.init(header: text)
    }

    package init?(header: String) {
        func number(_ name: String) -> Int? {
            for line in header.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 3, words[0] == "#define", words[1] == name { return Int(words[2]) }
            }
            return nil
        }
        guard let major = number("NODE_MAJOR_VERSION"), let minor = number("NODE_MINOR_VERSION") else {
            return nil
        }
        self.init(major: major, minor: minor)
    }
}

/// What a Node can be kept ready as, by its version and what lies beside our programs.
package enum NodeReadiness {
    package static let forkingAddOn = "forking.node"
    package static let poolingAddOn = "pooling.node"

    /// The first that strips types (hosts/node/typescript.cjs).
    private static let stripsTypes = NodeVersion(major: 22, minor: 15)

    /// Whether this is a Node that is known to survive a fork.
    package static func canFork(node: String) -> Bool {
        #if arch(x86_64)
            return isBeside(forkingAddOn) && NodeVersion(ofNode: node)?.major == 24
        #else
            return false
        #endif
    }

    /// Whether it can be started ahead of its one run, for TypeScript or for JavaScript alone.
    package static func canWait(node: String, typescript: Bool) -> Bool {
        guard isBeside(poolingAddOn) else { return false }
        return !typescript || NodeVersion(ofNode: node).map { $0 >= stripsTypes } ?? false
    }

    private static func isBeside(_ name: String) -> Bool {
        SmallFile.exists(ChildProcess.ownFolder() + "/" + name)
    }
}
