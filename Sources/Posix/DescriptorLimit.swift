internal import Glibc

/// How many descriptors this process may have open.
package enum DescriptorLimit {
    /// Raises it to what the system allows at most, and says what that is; the usual 1,024 is kept for programs that
    /// use `select`, which none of ours does.
    @discardableResult
    package static func raise() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(resource, &limit)
        return getrlimit(resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1_024
    }

    /// How many are open, the one that this takes not counted, and how many may be.
    package static func use() -> (open: Int, most: Int) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return (SmallFile.names(in: "/proc/self/fd").count - 1, Int(clamping: limit.rlim_cur))
    }
}
