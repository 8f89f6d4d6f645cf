internal import Domain
internal import Glibc
internal import Posix

/// A folder of environments made by hand, gone with this object.
final class EnvironmentFolder: Sendable {
    let path: String
    private static let letters = Array("0123456789abcdef".utf8)

    init() throws {
        var template = Array("/var/tmp/environments.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFailure(operation: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o711)
    }

    deinit { Self.remove(path) }

    /// Makes an environment of modules, by their names and their text, and of links to what the system has.
    func add(_ modules: [String: String], linked: [String] = [], number: UInt8 = 1) throws -> EnvironmentImage
    {
        let digit = String(decoding: [Self.letters[Int(number & 15)]], as: UTF8.self)
        let image = EnvironmentImage(
            hash: String(repeating: digit, count: 32), modules: Set(modules.keys).union(linked))
        let packages = "\(path)/\(image.hash)/site-packages"
        for folder in ["\(path)/\(image.hash)", packages] { mkdir(folder, 0o755) }
        for (name, text) in modules {
            let file = "\(packages)/\(name).py"
            close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644))
            try SmallFile.write(file, text)
        }
        for name in linked { symlink("/usr/lib/python3/dist-packages/\(name)", "\(packages)/\(name)") }
        return image
    }

    private static func remove(_ path: String) {
        var state = stat()
        guard lstat(path, &state) == 0 else { return }
        if state.st_mode & S_IFMT == S_IFDIR {
            for name in SmallFile.names(in: path) { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
