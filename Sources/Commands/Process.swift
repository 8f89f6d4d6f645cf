internal import Glibc

/// The running program itself.
enum Process {
    static var isRoot: Bool { geteuid() == 0 }

    /// Sees to it that descriptors 0, 1 and 2 are taken, so that nothing of ours is opened there.
    static func openStandardDescriptors() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    }

    /// The arguments without the program's name; nil when one of them is not UTF-8.
    static func arguments() -> [String]? {
        var arguments: [String] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let pointer = CommandLine.unsafeArgv[index] else { break }
            guard let argument = String(validatingCString: pointer) else { return nil }
            arguments.append(argument)
        }
        return arguments
    }

    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let pointer = next.pointee {
            let variable = String(cString: pointer)
            if let sign = variable.firstIndex(of: "=") {
                variables[String(variable[..<sign])] = String(variable[variable.index(after: sign)...])
            }
            next += 1
        }
        return variables
    }

    /// The variables by which programs are told of proxies and of whom to trust, as `NAME=value`.
    static var proxies: [String] {
        let names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"]
        return environment().filter { names.contains($0.key.lowercased()) }.map { "\($0.key)=\($0.value)" }
    }

    /// The folder that holds the running binary; nil when /proc does not tell.
    static func folderOfBinary() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return nil }
        let path = buffer[..<length].map { UInt8(bitPattern: $0) }
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return String(decoding: path[..<slash], as: UTF8.self)
    }

    /// Becomes another program; returns the error number when that failed.
    static func become(_ path: String, arguments: [String]) -> Int32 {
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        argv.append(nil)
        execv(path, argv)
        let code = errno
        for argument in argv { free(argument) }
        return code
    }
}
