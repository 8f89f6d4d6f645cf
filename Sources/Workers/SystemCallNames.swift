internal import CSeccomp
internal import Glibc

/// Names of this machine's system calls, by number.
enum SystemCallNames {
    static func named(_ counts: [Int: Int]) -> [String: Int] {
        var named: [String: Int] = [:]
        for (number, count) in counts { named[name(number)] = count }
        return named
    }

    private static func name(_ number: Int) -> String {
        guard let text = seccomp_syscall_resolve_num_arch(0x4000_003E | 0x8000_0000, Int32(number)) else {
            return "call_\(number)"
        }
        defer { free(text) }
        return String(cString: text)
    }
}
