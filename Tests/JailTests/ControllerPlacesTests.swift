internal import Jail
internal import Testing

/// A machine's control groups as its kernel writes them, and what is to be made of them.
struct GroupMachine: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var mounts: String
    var own: String
    /// Folders of version 1 in which groups can be made.
    var usable: Set<String> = []
    /// Folders of version 2 in which groups can be made, and the controllers they have then.
    var delegated: [String: String] = [:]
    /// memory, processes, cpu, accounting: the folder and its version, or "-".
    var expected: [String]
}

struct ControllerPlacesTests {
    private static let versionOne = """
        tmpfs /sys/fs/cgroup tmpfs rw 0 0
        cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
        cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
        cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
        cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0

        """
    private static let versionTwo = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nsdelegate 0 0\n"
    private static let unified = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    private static let allOne: Set = [
        "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids",
    ]

    static let machines = [
        GroupMachine(
            testDescription: "version 1 at the roots", mounts: versionOne,
            own: "4:memory:/\n3:cpu,cpuacct:/\n2:pids:/\n1:name=systemd:/\n", usable: allOne,
            expected: [
                "/sys/fs/cgroup/memory 1", "/sys/fs/cgroup/pids 1", "/sys/fs/cgroup/cpu,cpuacct 1",
                "/sys/fs/cgroup/cpu,cpuacct 1",
            ]),
        GroupMachine(
            testDescription: "version 1 below groups of our own, one with a colon in its name",
            mounts: versionOne,
            own: "4:memory:/user/a:b\n3:cpu,cpuacct:/batch\n2:pids:/\n",
            usable: [
                "/sys/fs/cgroup/memory/user/a:b", "/sys/fs/cgroup/cpu,cpuacct/batch", "/sys/fs/cgroup/pids",
            ],
            expected: [
                "/sys/fs/cgroup/memory/user/a:b 1", "/sys/fs/cgroup/pids 1",
                "/sys/fs/cgroup/cpu,cpuacct/batch 1",
                "/sys/fs/cgroup/cpu,cpuacct/batch 1",
            ]),
        GroupMachine(
            testDescription: "version 1 that we may not write to", mounts: versionOne, own: "4:memory:/\n",
            expected: ["-", "-", "-", "-"]),
        GroupMachine(
            testDescription: "version 2, delegated at our own group", mounts: versionTwo,
            own: "0::/user.slice/app\n",
            delegated: ["/sys/fs/cgroup/user.slice/app": "memory pids cpu"],
            expected: [
                "/sys/fs/cgroup/user.slice/app 2", "/sys/fs/cgroup/user.slice/app 2",
                "/sys/fs/cgroup/user.slice/app 2",
                "/sys/fs/cgroup/user.slice/app 2",
            ]),
        GroupMachine(
            testDescription: "version 2, delegated further up", mounts: versionTwo,
            own: "0::/user.slice/app/leaf\n",
            delegated: [
                "/sys/fs/cgroup/user.slice/app/leaf": "", "/sys/fs/cgroup/user.slice": "cpu memory pids io",
            ],
            expected: [
                "/sys/fs/cgroup/user.slice 2", "/sys/fs/cgroup/user.slice 2", "/sys/fs/cgroup/user.slice 2",
                "/sys/fs/cgroup/user.slice 2",
            ]),
        GroupMachine(
            testDescription: "version 2 at the root of a container", mounts: versionTwo, own: "0::/\n",
            delegated: ["/sys/fs/cgroup": "memory pids cpu"],
            expected: ["/sys/fs/cgroup 2", "/sys/fs/cgroup 2", "/sys/fs/cgroup 2", "/sys/fs/cgroup 2"]),
        GroupMachine(
            testDescription: "version 2 without a processor controller is no use", mounts: versionTwo,
            own: "0::/a\n",
            delegated: ["/sys/fs/cgroup/a": "memory pids"],
            expected: ["-", "-", "-", "-"]),
        GroupMachine(
            testDescription: "an incomplete version 1 gives way to a complete version 2",
            mounts: "cgroup /cg/memory cgroup rw,memory 0 0\n" + unified, own: "1:memory:/\n0::/\n",
            usable: ["/cg/memory"],
            delegated: ["/sys/fs/cgroup/unified": "pids cpu memory"],
            expected: [
                "/sys/fs/cgroup/unified 2", "/sys/fs/cgroup/unified 2", "/sys/fs/cgroup/unified 2",
                "/sys/fs/cgroup/unified 2",
            ]),
        GroupMachine(
            testDescription: "two halves of a whole in different versions are not joined",
            mounts: "cgroup /cg/memory cgroup rw,memory 0 0\n" + unified, own: "1:memory:/\n0::/\n",
            usable: ["/cg/memory"],
            delegated: ["/sys/fs/cgroup/unified": "pids cpu"], expected: ["/cg/memory 1", "-", "-", "-"]),
        GroupMachine(
            testDescription: "a bare version 2 tree beside version 1", mounts: versionOne + unified,
            own: "4:memory:/\n3:cpu,cpuacct:/\n2:pids:/\n0::/\n", usable: allOne,
            delegated: ["/sys/fs/cgroup/unified": ""],
            expected: [
                "/sys/fs/cgroup/memory 1", "/sys/fs/cgroup/pids 1", "/sys/fs/cgroup/cpu,cpuacct 1",
                "/sys/fs/cgroup/cpu,cpuacct 1",
            ]),
        GroupMachine(
            testDescription: "no control groups", mounts: "proc /proc proc rw 0 0\n\nshort line\n", own: "",
            expected: ["-", "-", "-", "-"]),
        GroupMachine(
            testDescription: "version 2 that says nothing of our own group", mounts: versionTwo,
            own: "nonsense\n1:2\n",
            delegated: ["/sys/fs/cgroup": "memory pids cpu"], expected: ["-", "-", "-", "-"]),
    ]

    @Test(arguments: machines)
    func `each controller is found where it can be used`(_ machine: GroupMachine) {
        let places = ControllerPlaces.find(
            ControllerPlaces.Machine(
                mounts: machine.mounts, own: machine.own, isUsable: machine.usable.contains,
                enable: { folder in machine.delegated[folder].map { Set($0.split(separator: " ")) } }))
        let found = [places.memory, places.processes, places.cpu, places.accounting].map { place in
            place.map { "\($0.path) \($0.version.rawValue)" } ?? "-"
        }
        #expect(found == machine.expected)
        #expect(places.isComplete == !machine.expected.contains("-"))
        #expect(places.distinct.count == Set(machine.expected).subtracting(["-"]).count)
    }
}
