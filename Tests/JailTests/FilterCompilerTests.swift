internal import CJail
internal import CSeccomp
internal import Glibc
internal import Jail
internal import Testing

/// The compiled filters, run call by call: what is asked here is what the kernel will be told.
struct FilterCompilerTests {
    private static let compiled = Result {
        (
            plain: ClassicFilter(try FilterCompiler.guest(gated: false)),
            gated: ClassicFilter(try FilterCompiler.guest(gated: true))
        )
    }
    private let plain: ClassicFilter
    private let gated: ClassicFilter

    init() throws { (plain, gated) = try Self.compiled.get() }

    /// Guests of interpreters are bound by two filters; of their answers the stricter holds (seccomp(2)).
    @Test func `a standing filter and what closes it answer together as the filter of other guests`() throws {
        let standing = ClassicFilter(try FilterCompiler.standing())
        let closing = ClassicFilter(try FilterCompiler.closing())
        let numbers = (0..<1024).map(Int32.init) + [.max >> 2, 0x3fff_ffff]
        let flags = (0..<64).map { [UInt64(1) << $0, 2, 3] } + Self.arguments
        for number in numbers {
            for arguments in number == Self.number("clone") ? flags : Self.arguments {
                let call = ClassicFilter.Call(number: number, arguments: arguments)
                let second = try closing.answer(call)
                let together = second == .allow ? try standing.answer(call) : second
                #expect(together == (try plain.answer(call)), "call \(number)")
            }
        }
        let setns = try #require(Self.number("setns"))
        #expect(try standing.answer(.init(number: setns)) == .allow)
        for architecture: UInt32 in [0x4000_0003, 0xc000_00b7] {
            #expect(try standing.answer(.init(number: 1, architecture: architecture)) == .kill)
        }
    }

    /// Names that libseccomp 2.5 is too young for; they answer ENOSYS until it knows them.
    private static let mayBeUnknown: Set = [
        "fchmodat2", "map_shadow_stack", "set_mempolicy_home_node", "statmount", "listmount", "futex_waitv",
    ]

    private static func number(_ name: String) -> Int32? {
        let number = seccomp_syscall_resolve_name(name)
        return number >= 0 ? number : nil
    }

    private static let allowedNames = SystemCallPolicy.allowed.flatMap(\.calls)
    private static let deniedNames = SystemCallPolicy.denied.flatMap(\.calls)

    /// All bits set, none, and a pattern: what a call is allowed for never hangs on them.
    private static let arguments: [[UInt64]] = [
        [], [UInt64](repeating: .max, count: 6), (0..<6).map { 0x0102_0304_0506_0708 << UInt64($0) },
    ]

    @Test(arguments: allowedNames + deniedNames)
    func `a call of the policy is spelt as libseccomp spells it`(_ name: String) {
        #expect(Self.number(name) != nil || Self.mayBeUnknown.contains(name))
    }

    @Test func `no call stands in the policy twice`() {
        let special = [
            "clone", "clone3", "ioctl", "socket", "socketpair", "personality", "seccomp", "prlimit64",
        ]
        let names = Self.allowedNames + Self.deniedNames + special
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: allowedNames)
    func `an allowed call is allowed whatever its arguments`(_ name: String) throws {
        guard let number = Self.number(name) else { return }
        for arguments in Self.arguments {
            #expect(try plain.answer(.init(number: number, arguments: arguments)) == .allow)
            #expect(try gated.answer(.init(number: number, arguments: arguments)) == .allow)
        }
    }

    @Test(arguments: deniedNames)
    func `a denied call answers EPERM whatever its arguments`(_ name: String) throws {
        guard let number = Self.number(name) else { return }
        for arguments in Self.arguments {
            #expect(try plain.answer(.init(number: number, arguments: arguments)) == .refuse(EPERM))
            guard name != "setns" else { continue }  // the gate, tested below
            #expect(try gated.answer(.init(number: number, arguments: arguments)) == .refuse(EPERM))
        }
    }

    @Test func `every number that the policy does not name answers ENOSYS`() throws {
        let special = ["clone", "ioctl", "socket", "socketpair", "personality", "seccomp", "prlimit64"]
        let named = Set((Self.allowedNames + Self.deniedNames + special).compactMap(Self.number))
        let others = (0..<1024).map(Int32.init).filter { !named.contains($0) } + [.max >> 2, 0x3fff_ffff]
        #expect(others.count > 600)
        for number in others {
            #expect(try plain.answer(.init(number: number)) == .refuse(ENOSYS), "call \(number)")
            #expect(try gated.answer(.init(number: number)) == .refuse(ENOSYS), "call \(number)")
        }
        for name in ["io_uring_setup", "io_uring_enter", "clone3"] {
            let number = try #require(Self.number(name))
            #expect(others.contains(number), "\(name) is no longer among those")
        }
    }

    /// AUDIT_ARCH of i386, ARM, AArch64, RISC-V, and one that nobody has.
    @Test(arguments: [0x4000_0003, 0x4000_0028, 0xC000_00B7, 0xC000_00F3, 0, 0xffff_ffff] as [UInt32])
    func `a call of a foreign architecture kills`(_ architecture: UInt32) throws {
        for number: Int32 in [0, 1, 11, 59, 120, 435] {
            #expect(try plain.answer(.init(number: number, architecture: architecture)) == .kill)
            #expect(try gated.answer(.init(number: number, architecture: architecture)) == .kill)
        }
    }

    @Test func `no x32 call is let through`() throws {
        for number in (0..<600).map({ Int32($0) | 0x4000_0000 }) + [-1, .min, -2] {
            let answer = try plain.answer(.init(number: number))
            #expect(answer == .kill || answer == .refuse(ENOSYS), "call \(number): \(answer)")
            #expect(try gated.answer(.init(number: number)) == answer)
        }
    }

    /// CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let namespaces: [UInt64] = [
        0x80, 0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
    ]
    /// SIGCHLD alone (fork), vfork, glibc's fork, a thread's.
    private static let plainFlags: [UInt64] = [17, 0x4111, 0x120_0011, 0x3D_0F00]

    @Test(arguments: plainFlags)
    func `a clone that makes a process or a thread is allowed`(_ flags: UInt64) throws {
        let number = try #require(Self.number("clone"))
        #expect(try plain.answer(.init(number: number, arguments: [flags])) == .allow)
        #expect(try gated.answer(.init(number: number, arguments: [flags])) == .allow)
    }

    @Test(arguments: namespaces, [0, 17, 0x120_0011, 0x3D_0F00, 0xffff_ffff_0000_0000] as [UInt64])
    func `a clone with a namespace flag is refused`(_ namespace: UInt64, _ others: UInt64) throws {
        let number = try #require(Self.number("clone"))
        #expect(try plain.answer(.init(number: number, arguments: [namespace | others])) == .refuse(EPERM))
        guard case .refuse = try gated.answer(.init(number: number, arguments: [namespace | others])) else {
            Issue.record("the gated filter lets it through")
            return
        }
    }

    @Test func `no mixture of clone's flags gets a namespace`() throws {
        let number = try #require(Self.number("clone"))
        let mask = Self.namespaces.reduce(0, |)
        #expect(SystemCallPolicy.namespaceFlags == mask)
        var random = SeededRandom(seed: 7)
        for _ in 0..<5_000 {
            let flags = random.next() & random.next()
            let expected: ClassicFilter.Answer = flags & mask == 0 ? .allow : .refuse(EPERM)
            #expect(try plain.answer(.init(number: number, arguments: [flags])) == expected, "flags \(flags)")
        }
    }

    @Test func `the gated filter notifies the gate's clone, setns and netlink, and nothing beside them`()
        throws
    {
        let clone = try #require(Self.number("clone"))
        let setns = try #require(Self.number("setns"))
        let gate = SystemCallPolicy.gateCloneFlags
        #expect(try gated.answer(.init(number: clone, arguments: [gate])) == .notify)
        #expect(try plain.answer(.init(number: clone, arguments: [gate])) == .refuse(EPERM))
        for bit in 0..<64 {
            let answer = try gated.answer(.init(number: clone, arguments: [gate ^ (1 << bit)]))
            #expect(answer == .refuse(ENOSYS) || answer == .refuse(EPERM), "bit \(bit): \(answer)")
        }
        for arguments: [UInt64] in [[0, 0], [3, 0x1000_0000], [.max, .max]] {
            #expect(try gated.answer(.init(number: setns, arguments: arguments)) == .notify)
            #expect(try plain.answer(.init(number: setns, arguments: arguments)) == .refuse(EPERM))
        }
        let socket = try #require(Self.number("socket"))
        #expect(try gated.answer(.init(number: socket, arguments: [16, 3, 0])) == .notify)
        #expect(try plain.answer(.init(number: socket, arguments: [16, 3, 0])) == .allow)
        for name in Self.allowedNames + Self.deniedNames where name != "setns" {
            guard let number = Self.number(name) else { continue }
            #expect(
                try gated.answer(.init(number: number, arguments: [gate, 0x4449_4154])) != .notify, "\(name)")
        }
    }

    @Test func `the gated filter lets no packet filter be set, and every other option of a socket`() throws {
        let number = try #require(Self.number("setsockopt"))
        func answer(_ level: UInt64, _ option: UInt64) throws -> ClassicFilter.Answer {
            try gated.answer(.init(number: number, arguments: [3, level, option]))
        }
        let filters: [UInt64] = [64, 65, 96, 97, 128, 129, 1152, 1200, 0x1_0000_0040]
        for option in filters { #expect(try answer(0, option) == .refuse(ENOSYS), "\(option)") }
        for option: UInt64 in [64, 65, 96, 0x8000_0041] { #expect(try answer(41, option) == .refuse(ENOSYS)) }
        #expect(try answer(0x1_0000_0000, 64) == .refuse(ENOSYS))
        for option in 0..<64 { #expect(try answer(0, UInt64(option)) == .allow) }
        for option in Array(0..<64) + Array(66...78) { #expect(try answer(41, UInt64(option)) == .allow) }
        for level: UInt64 in [1, 6, 17, 8, 9, 32, 33, 40, 255, 263, 0xffff_ffff] {
            for option: UInt64 in [1, 64, 1152] { #expect(try answer(level, option) == .allow, "\(level)") }
        }
    }

    @Test(arguments: SystemCallPolicy.allowedControls)
    func `an allowed control is told by 32 bits of its request`(_ control: UInt64) throws {
        let number = try #require(Self.number("ioctl"))
        for upper: UInt64 in [0, 0xffff_ffff_0000_0000] {
            #expect(try plain.answer(.init(number: number, arguments: [0, control | upper])) == .allow)
        }
    }

    /// TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS, TIOCVHANGUP, KDSETLED, a driver's.
    @Test(arguments: [0x5412, 0x541C, 0x5423 ^ 0x100, 0x541D, 0x5437, 0x4B32, 0xC020_6D01] as [UInt64])
    func `a control that reaches further is refused, whatever its upper 32 bits`(_ control: UInt64) throws {
        let number = try #require(Self.number("ioctl"))
        for upper: UInt64 in [0, 1 << 32, 0xffff_ffff_0000_0000, 0x5401 << 32] {
            #expect(
                try plain.answer(.init(number: number, arguments: [0, control | upper])) == .refuse(ENOSYS))
            #expect(
                try gated.answer(.init(number: number, arguments: [0, control | upper])) == .refuse(ENOSYS))
        }
    }

    @Test func `of socket families only unix, inet, inet6 and routes are left`() throws {
        let socket = try #require(Self.number("socket"))
        let pair = try #require(Self.number("socketpair"))
        for family in UInt64(0)..<64 {
            for upper: UInt64 in [0, 0xffff_ffff_0000_0000, 1 << 32] {
                let isLocal = [1, 2, 10].contains(family)
                let routes = try plain.answer(.init(number: socket, arguments: [family | upper, 3, 0]))
                #expect(routes == (isLocal || family == 16 ? .allow : .refuse(ENOSYS)), "family \(family)")
                let audit = try plain.answer(.init(number: socket, arguments: [family | upper, 3, 9]))
                #expect(audit == (isLocal ? .allow : .refuse(ENOSYS)), "family \(family)")
                let both = try plain.answer(.init(number: pair, arguments: [family | upper, 1, 0]))
                #expect(both == (family == 1 ? .allow : .refuse(ENOSYS)), "pair of family \(family)")
            }
        }
    }

    @Test(
        arguments: [(0, true), (0xffff_ffff, true), (0x4_0000, false), (0x8, false), (0x040_0000, false)]
            as [(UInt64, Bool)])
    func `a personality may be read and no address layout fixed`(_ persona: UInt64, _ isAllowed: Bool) throws
    {
        let number = try #require(Self.number("personality"))
        #expect(
            try plain.answer(.init(number: number, arguments: [persona]))
                == (isAllowed ? .allow : .refuse(ENOSYS)))
    }

    /// pid, new limit, and whether that is allowed.
    @Test(
        arguments: [
            (0, 0, true), (0, 0x7fff_0000, true), (17, 0, true), (.max, 0, true), (1, 0x7fff_0000, false),
            (17, 1 << 32, false), (.max, 1, false), (1 << 32, 0x7fff_0000, true),
        ] as [(UInt64, UInt64, Bool)])
    func `limits of all may be read, and only its own set by a process`(
        _ pid: UInt64, _ new: UInt64, _ isAllowed: Bool
    ) throws {
        let number = try #require(Self.number("prlimit64"))
        let answer = try plain.answer(.init(number: number, arguments: [pid, 7, new, 0]))
        #expect(answer == (isAllowed ? .allow : .refuse(ENOSYS)))
    }

    @Test func `the counter notifies every call but the end`() throws {
        let counter = ClassicFilter(try FilterCompiler.counter())
        let end = try #require(Self.number("exit_group"))
        for number in Int32(0)..<512 {
            #expect(try counter.answer(.init(number: number)) == (number == end ? .allow : .notify))
        }
        #expect(try counter.answer(.init(number: 0, architecture: 0x4000_0003)) == .kill)
    }

    @Test(arguments: [false, true])
    func `a filter is the same each time and fits into a plan`(_ isGated: Bool) throws {
        let words = try FilterCompiler.guest(gated: isGated)
        #expect(words == (try FilterCompiler.guest(gated: isGated)))
        #expect(words.count <= Int(CJAIL_FILTER_MAX))
    }
}
