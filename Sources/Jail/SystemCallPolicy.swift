/// Which system calls a guest may make; data only, compiled by ``FilterCompiler``.
///
/// An allowlist: what is not named here answers ENOSYS, so that programs fall back as on an
/// older kernel. What is named as denied answers EPERM, as for any unprivileged user.
package struct SystemCallPolicy: Sendable {
    package struct Group: Sendable {
        package var reason: String
        package var calls: [String]
    }

    package static let allowed: [Group] = [
        Group(
            reason: "bytes in and out of descriptors that are open already",
            calls: [
                "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
                "pwritev2", "lseek", "sendfile", "splice", "tee", "vmsplice", "copy_file_range", "fsync",
                "fdatasync", "sync_file_range", "syncfs", "ftruncate", "fallocate", "fadvise64", "readahead",
            ]),
        Group(
            reason: "descriptors themselves",
            calls: [
                "close", "close_range", "dup", "dup2", "dup3", "fcntl", "flock", "pipe", "pipe2", "eventfd",
                "eventfd2", "signalfd", "signalfd4", "timerfd_create", "timerfd_settime", "timerfd_gettime",
                "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
                "poll", "ppoll", "select", "pselect6", "inotify_init", "inotify_init1", "inotify_add_watch",
                "inotify_rm_watch", "memfd_create",
            ]),
        Group(
            reason: "the file tree, whose bounds are the mounts and Landlock",
            calls: [
                "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "fstat",
                "lstat", "newfstatat", "statx", "statfs", "fstatfs", "getdents", "getdents64", "getcwd",
                "chdir",
                "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
                "renameat2",
                "link", "linkat", "symlink", "symlinkat", "readlink", "readlinkat", "truncate", "chmod",
                "fchmod",
                "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "umask", "utime", "utimes",
                "utimensat", "futimesat", "mknod", "mknodat", "getxattr", "lgetxattr", "fgetxattr",
                "listxattr",
                "llistxattr", "flistxattr", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
                "lremovexattr",
                "fremovexattr", "sync",
            ]),
        Group(
            reason: "memory of its own",
            calls: [
                "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "msync", "mincore", "mlock",
                "mlock2",
                "munlock", "mlockall", "munlockall", "membarrier", "pkey_alloc", "pkey_free", "pkey_mprotect",
                "rseq", "set_robust_list", "get_robust_list", "futex", "futex_waitv", "set_tid_address",
                "arch_prctl", "prctl", "map_shadow_stack", "get_mempolicy",
            ]),
        Group(
            reason: "processes and threads of its own pid namespace",
            calls: [
                "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid", "kill",
                "tkill",
                "tgkill", "getpid", "getppid", "gettid", "getpgid", "setpgid", "getpgrp", "getsid", "setsid",
                "pidfd_open", "pidfd_send_signal", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
                "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "rt_sigsuspend",
                "sigaltstack", "pause", "alarm", "getitimer", "setitimer", "restart_syscall",
            ]),
        Group(
            reason: "ids and limits: to be read, or lowered within its user namespace's one user",
            calls: [
                "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "setuid",
                "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
                "setgroups",
                "capget", "capset", "getrlimit", "setrlimit", "getrusage", "getpriority",
                "setpriority", "ioprio_get", "ioprio_set", "times",
            ]),
        Group(
            reason: "scheduling; real-time classes are out of reach by rlimit",
            calls: [
                "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_setparam",
                "sched_getscheduler", "sched_setscheduler", "sched_getattr", "sched_setattr",
                "sched_get_priority_min", "sched_get_priority_max", "sched_rr_get_interval", "getcpu",
            ]),
        Group(
            reason: "time, to be read and waited for",
            calls: [
                "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
                "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete",
            ]),
        Group(
            reason: "what the machine is called and how it feels",
            calls: ["uname", "sysinfo", "getrandom"]),
        Group(
            reason: "sockets in a network namespace that has a loopback and nothing else",
            calls: [
                "connect", "accept", "accept4", "bind", "listen", "getsockname", "getpeername", "setsockopt",
                "getsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown",
            ]),
        Group(
            reason: "System V and POSIX objects in an ipc namespace of its own; their memory is accounted",
            calls: [
                "shmget", "shmat", "shmdt", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget",
                "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive",
                "mq_notify", "mq_getsetattr",
            ]),
        Group(
            reason: "a program may bind itself further",
            calls: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]),
    ]

    /// Known calls that an unprivileged program may meet a refusal from; EPERM.
    package static let denied: [Group] = [
        Group(
            reason: "other processes' memory and state",
            calls: [
                "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
                "kcmp",
                "pidfd_getfd",
            ]),
        Group(
            reason: "mounts, roots, namespaces",
            calls: [
                "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount",
                "fsopen",
                "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount", "listmount",
            ]),
        Group(
            reason: "kernel interfaces with a long history of holes, for no use here",
            calls: [
                "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key",
                "open_by_handle_at",
                "name_to_handle_at", "fanotify_init", "fanotify_mark", "modify_ldt", "mbind", "set_mempolicy",
                "set_mempolicy_home_node", "migrate_pages", "move_pages", "lookup_dcookie", "quotactl",
                "quotactl_fd", "syslog", "vhangup", "acct", "ustat", "sysfs", "uselib",
            ]),
        Group(
            reason: "the machine itself",
            calls: [
                "reboot", "swapon", "swapoff", "init_module", "finit_module", "delete_module", "kexec_load",
                "kexec_file_load", "iopl", "ioperm", "settimeofday", "clock_settime", "adjtimex",
                "clock_adjtime",
                "sethostname", "setdomainname", "nfsservctl",
            ]),
    ]

    /// Socket families a guest may use: unix, inet, inet6.
    ///
    /// Netlink is allowed for routes only.
    package static let socketFamilies: [UInt64] = [1, 2, 10]
    package static let netlinkFamily: UInt64 = 16
    package static let netlinkRoute: UInt64 = 0

    /// All flags of clone that make namespaces.
    package static let namespaceFlags: UInt64 = 0x7E02_0080

    /// What a fork of a session's sandbox uses, in exactly this form; init decides about it.
    package static let gateCloneFlags: UInt64 = 0x7E02_0000 & ~0x0200_0000 | 17

    /// Levels of socket options whose numbers from 64 on are packet filters': of IPv4, and of IPv6.
    package static let internetLevels: [UInt64] = [0, 41]
    /// Those of IPv6 from 64 on that are not, from `IPV6_RECVTCLASS` to `IPV6_FREEBIND`.
    package static let highSocketOptions: ClosedRange<UInt64> = 66...78

    /// ioctls of terminals, files and interfaces' addresses.
    ///
    /// Not among them: TIOCSTI and TIOCLINUX, which put input into a terminal, and whatever drivers offer.
    package static let allowedControls: [UInt64] = [
        0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408, 0x5409, 0x540A, 0x540B, 0x540C,
        0x540D,
        0x540E, 0x540F, 0x5410, 0x5411, 0x5413, 0x5414, 0x541B, 0x5420, 0x5421, 0x5422, 0x5423, 0x5424,
        0x5425,
        0x5429, 0x802C_542A, 0x402C_542B, 0x402C_542C, 0x402C_542D, 0x8004_5430, 0x4004_5431, 0x8004_5438,
        0x8004_5439, 0x5441, 0x5450, 0x5451, 0x5452, 0x5460,  // terminals, FIONREAD, FIONBIO, FIOCLEX
        0x2, 0x8008_6601, 0x4004_9409, 0xC020_660B,  // FIGETBSZ, FS_IOC_GETFLAGS, FICLONE, FS_IOC_FIEMAP
        0x8901, 0x8902, 0x8903, 0x8904, 0x8905, 0x8906, 0x8907, 0x8910, 0x8912, 0x8913, 0x8915, 0x8917,
        0x8919,
        0x891B, 0x891D, 0x8921, 0x8927, 0x8933, 0x8942,  // sockets' and interfaces' state
    ]
}
