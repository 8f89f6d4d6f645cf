internal import Glibc
internal import Storage

/// What tells one installed toolchain from another.
///
/// A driver such as gcc starts programs and reads headers that only it knows. What a package manager installs changes
/// its register of packages; what is put somewhere by hand changes the file that we start. The size, times and inode
/// of both stand for the version without starting anything; a needless change costs a compile.
enum ToolchainIdentity {
    private static let registers = [
        "/var/lib/dpkg/status", "/lib/apk/db/installed", "/var/lib/rpm/rpmdb.sqlite",
        "/var/lib/pacman/local", "/etc/ld.so.cache",
    ]

    static func add(_ programs: [String: String], to digest: inout ContentDigest) {
        digest.add(programs.count)
        for (name, path) in programs.sorted(by: { $0.key < $1.key }) {
            digest.add(name)
            digest.add(path)
            add(stateOf: path, to: &digest)
        }
        for register in registers { add(stateOf: register, to: &digest) }
    }

    /// Follows links, so that a changed alternative is another toolchain.
    private static func add(stateOf path: String, to digest: inout ContentDigest) {
        var state = stat()
        guard stat(path, &state) == 0 else { return digest.add(0) }
        digest.add(1)
        for number in [
            Int(truncatingIfNeeded: state.st_dev), Int(truncatingIfNeeded: state.st_ino), Int(state.st_size),
            state.st_mtim.tv_sec, state.st_mtim.tv_nsec, state.st_ctim.tv_sec, state.st_ctim.tv_nsec,
        ] {
            digest.add(number)
        }
    }
}
