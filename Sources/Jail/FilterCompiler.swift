internal import CJail
internal import CSeccomp
internal import Glibc
package import Posix

/// Compiles ``SystemCallPolicy`` to the words of a classic BPF program, by libseccomp.
package enum FilterCompiler {
    private static let allow: UInt32 = 0x7fff_0000
    private static let notify: UInt32 = 0x7fc0_0000
    private static let killProcess: UInt32 = 0x8000_0000

    private static func refuse(_ code: Int32) -> UInt32 { 0x0005_0000 | UInt32(code) }

    /// The filter of guests.
    ///
    /// `gated`: Of a guest that hosts runs. What could let one of its forks into another sandbox goes to init, and what
    /// such a fork has no use for while it has the capabilities of that sandbox is refused.
    package static func guest(gated: Bool) throws(SystemFailure) -> [UInt64] {
        try compile(gated: gated, setns: gated ? nil : refuse(EPERM))
    }

    /// The filter of an interpreter host, and so of all its guests: a guest's, but that it may join sandboxes.
    package static func standing() throws(SystemFailure) -> [UInt64] {
        try compile(gated: false, setns: allow)
    }

    /// What closes a standing filter for a guest; the stricter answer of both is in force.
    package static func closing() throws(SystemFailure) -> [UInt64] {
        let filter = try Filter(otherwise: allow)
        try filter.add(refuse(EPERM), "setns")
        return try filter.export()
    }

    /// `setns`: What it answers; nil where that is decided elsewhere.
    private static func compile(gated: Bool, setns: UInt32?) throws(SystemFailure) -> [UInt64] {
        let filter = try Filter(otherwise: refuse(ENOSYS))
        for group in SystemCallPolicy.allowed {
            for name in group.calls where !(gated && name == "setsockopt") { try filter.add(allow, name) }
        }
        for group in SystemCallPolicy.denied {
            for name in group.calls where name != "setns" { try filter.add(refuse(EPERM), name) }
        }
        if let setns { try filter.add(setns, "setns") }
        try addCloning(filter, gated: gated)
        try addSockets(filter, gated: gated)
        if gated { try addSocketOptions(filter) }
        try addArguments(filter)
        return try filter.export()
    }

    /// Notifies every call, so that init can count it.
    package static func counter() throws(SystemFailure) -> [UInt64] {
        let filter = try Filter(otherwise: notify)
        try filter.add(allow, "exit_group")
        return try filter.export()
    }

    private static func addCloning(_ filter: Filter, gated: Bool) throws(SystemFailure) {
        let spaces = SystemCallPolicy.namespaceFlags
        // clone3's flags stand in memory, where they could be swapped after the check: libc falls back to clone.
        try filter.add(refuse(ENOSYS), "clone3")
        try filter.add(allow, "clone", [.masked(0, mask: spaces, equals: 0)])
        guard gated else {
            for bit in 0..<64 where spaces & (1 << bit) != 0 {
                try filter.add(refuse(EPERM), "clone", [.masked(0, mask: 1 << bit, equals: 1 << bit)])
            }
            return
        }
        let gate = SystemCallPolicy.gateCloneFlags
        try filter.add(notify, "clone", [.masked(0, mask: 0xffff_ffff_ffff_ffff, equals: gate)])
        try filter.add(notify, "setns")
    }

    /// All options but those of packet filters, which are numbers from 64 on of the two internet protocols.
    private static func addSocketOptions(_ filter: Filter) throws(SystemFailure) {
        let levels = SystemCallPolicy.internetLevels
        let bits = levels.reduce(0, |)
        for bit in 0..<32 where bits & (1 << bit) == 0 {
            try filter.add(allow, "setsockopt", [.masked(1, mask: 1 << bit, equals: 1 << bit)])
        }
        for level in 0...bits where level & ~bits == 0 && !levels.contains(level) {
            try filter.add(allow, "setsockopt", [.masked(1, mask: 0xffff_ffff, equals: level)])
        }
        for level in levels {
            let isLevel = Test.masked(1, mask: 0xffff_ffff, equals: level)
            try filter.add(allow, "setsockopt", [isLevel, .masked(2, mask: 0xffff_ffc0, equals: 0)])
        }
        for option in SystemCallPolicy.highSocketOptions {
            let tests = [
                Test.masked(1, mask: 0xffff_ffff, equals: 41), .masked(2, mask: 0xffff_ffff, equals: option),
            ]
            try filter.add(allow, "setsockopt", tests)
        }
    }

    private static func addSockets(_ filter: Filter, gated: Bool) throws(SystemFailure) {
        for family in SystemCallPolicy.socketFamilies {
            try filter.add(allow, "socket", [.masked(0, mask: 0xffff_ffff, equals: family)])
        }
        try filter.add(
            gated ? notify : allow, "socket",
            [
                .masked(0, mask: 0xffff_ffff, equals: SystemCallPolicy.netlinkFamily),
                .masked(2, mask: 0xffff_ffff, equals: SystemCallPolicy.netlinkRoute),
            ])
        try filter.add(allow, "socketpair", [.masked(0, mask: 0xffff_ffff, equals: 1)])
    }

    private static func addArguments(_ filter: Filter) throws(SystemFailure) {
        // 32 bits of an ioctl's request count; the kernel ignores the rest, so the filter must as well.
        for control in SystemCallPolicy.allowedControls {
            try filter.add(allow, "ioctl", [.masked(1, mask: 0xffff_ffff, equals: control)])
        }
        // Limits of others may be read; of all processes only the caller's own may be set, which is pid 0.
        try filter.add(allow, "prlimit64", [.masked(2, mask: UInt64.max, equals: 0)])
        try filter.add(allow, "prlimit64", [.masked(0, mask: 0xffff_ffff, equals: 0)])
        for persona: UInt64 in [0, 0xffff_ffff] {
            try filter.add(allow, "personality", [.masked(0, mask: 0xffff_ffff, equals: persona)])
        }
        // Plain filters, and a notifier: what counts the calls of a profile is installed under this filter.
        for flags: UInt64 in [0, 8] {
            try filter.add(allow, "seccomp", [.masked(1, mask: 0xffff_ffff, equals: flags)])
        }
    }
}

/// One test of one argument.
private struct Test {
    var comparison: scmp_arg_cmp

    static func masked(_ index: UInt32, mask: UInt64, equals value: UInt64) -> Test {
        Test(comparison: scmp_arg_cmp(arg: index, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value))
    }
}

/// libseccomp's context, freed once.
private final class Filter {
    private let context: scmp_filter_ctx
    private let otherwise: UInt32

    init(otherwise action: UInt32) throws(SystemFailure) {
        guard let context = seccomp_init(action) else {
            throw SystemFailure(operation: "seccomp_init", code: ENOMEM)
        }
        self.context = context
        otherwise = action
        try check("bad architecture", seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, 0x8000_0000))
        // A binary tree: a third of the time to load, and a tenth of the steps a call.
        try check("optimize", seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
    }

    deinit { seccomp_release(context) }

    func add(_ action: UInt32, _ name: String, _ tests: [Test] = []) throws(SystemFailure) {
        let number = seccomp_syscall_resolve_name(name)
        guard action != otherwise else { return }  // libseccomp takes no rule that says what stands anyway
        guard number >= 0 else { return }  // not on this architecture, or newer than the library
        let code = seccomp_rule_add_array(
            context, action, number, UInt32(tests.count), tests.map(\.comparison))
        try check("rule for \(name)", code)
    }

    func export() throws(SystemFailure) -> [UInt64] {
        let file = Descriptor(adopting: try checkCode("memfd_create") { cjail_memfd_create("filter") })
        try check("export", seccomp_export_bpf(context, file.rawValue))
        let bytes = try SmallFile.read(file.rawValue, limit: 1 << 20)
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private func check(_ what: String, _ code: Int32) throws(SystemFailure) {
        if code < 0 { throw SystemFailure(operation: "libseccomp: \(what)", code: -code) }
    }
}
