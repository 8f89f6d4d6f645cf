/* The mechanism of a sandbox: everything that must run around a fork.
 *
 * Theory of operation
 * -------------------
 * Four kinds of process, outermost first:
 *
 *   jailer   Swift. Owns control groups, ids, timers. Fills the structs below before it forks.
 *   host     A child of the jailer inside the read-only root (root.c). It has no privilege in
 *            root mode, and only those of its own user namespace rootless. It waits for spawn
 *            orders (host.c) and clones an init for each. The exec host is a plain fork of the
 *            jailer; an interpreter host has exec'd its interpreter, which loads this library.
 *   init     pid 1 of a sandbox (init.c). Born of the exec host with all namespaces, in the
 *            sandbox's control group; makes workspace and /proc (shell.c, workspace.c, mounts.c),
 *            forks the guest or lets an interpreter host's fork join (join.c), then supervises, opens the
 *            ways out of a network namespace for the service (network.c),
 *            takes orders from the jailer, lays files, reaps, kills, measures, collects, answers
 *            the guest's gated calls. It is never the guest and not dumpable. After a run that
 *            left nothing behind it renews the sandbox and takes another guest.
 *            One whose guest is a host itself also clones inits for it, into sandboxes nested in its
 *            own, and decides about its guest's gated calls (gate.c); the inits of those believe nothing
 *            of the guests they get, and look at them from outside (verify.c).
 *   guest    The child of init (guest.c). It has lost every capability, is bound by rlimits,
 *            Landlock and seccomp, and waits, parked, for the order to go. Until that order it
 *            has seen no byte of a request. Where an interpreter cannot be forked, the confined
 *            guest becomes it before it parks (cjail_ahead), and is used once like any other.
 *
 * One SEQPACKET socket connects jailer and init, one socketpair init and guest, one SEQPACKET
 * socket jailer and host. All messages have the fixed size of struct cjail_note. When the
 * jailer dies the sockets close and the parent-death signals fire; init ends, and with pid 1
 * the kernel ends the whole pid namespace.
 *
 * Nothing here allocates, prints or locks after a fork. Failing steps report {stage, errno}.
 */
#ifndef CJAIL_H
#define CJAIL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cjail_calls.h"
#include "cjail_orders.h"
#include "cjail_session.h"

#define CJAIL_PATH_MAX 128
#define CJAIL_BINDS_MAX 48
#define CJAIL_LINKS_MAX 32
#define CJAIL_FILES_MAX 64
#define CJAIL_FOLDERS_MAX 64
#define CJAIL_MASKS_MAX 16
#define CJAIL_RULES_MAX 16
#define CJAIL_RLIMITS_MAX 16
#define CJAIL_FILTER_MAX 1024
#define CJAIL_GROUPS_MAX 6
#define CJAIL_NOTE_FDS 8

/* ---- what Swift fills in before a fork ---- */

struct cjail_filter {
    uint32_t count;
    uint32_t reserved;
    uint64_t code[CJAIL_FILTER_MAX]; /* struct sock_filter */
};

struct cjail_rule {
    char path[CJAIL_PATH_MAX]; /* as the guest sees it */
    uint64_t rights;           /* LANDLOCK_ACCESS_FS_* */
};

struct cjail_rlimit {
    uint32_t resource;
    uint32_t reserved;
    uint64_t soft;
    uint64_t hard;
};

enum cjail_plan_flag {
    CJAIL_MAPPED_OUTSIDE = 1, /* the jailer writes the id maps (root mode) */
    CJAIL_SAMPLED = 4,        /* no control group: init samples memory and CPU */
    CJAIL_NO_PROC = 8,        /* the operator allowed a sandbox without /proc */
    CJAIL_NO_LANDLOCK = 16,   /* the operator allowed the absence of Landlock */
    CJAIL_SUBSET_PROC = 32,   /* /proc shows processes only */
};

/* Everything a host needs to make sandboxes; the same bytes for every sandbox of a host. */
struct cjail_plan {
    uint32_t size;
    uint32_t flags;
    uint32_t inner_uid;
    uint32_t inner_gid;
    uint64_t workspace_bytes;
    uint32_t workspace_inodes;
    uint32_t process_limit; /* the largest RLIMIT_NPROC where no controller counts; 0: none */
    uint64_t landlock_handled;
    uint64_t landlock_scoped;
    uint32_t rule_count;
    uint32_t rlimit_count;
    uint32_t mask_count;
    uint32_t interpreter; /* 1: the host is one; its guests keep its signal handlers and pages */
    struct cjail_rule rules[CJAIL_RULES_MAX];
    struct cjail_rlimit rlimits[CJAIL_RLIMITS_MAX];
    char masks[CJAIL_MASKS_MAX][CJAIL_PATH_MAX];
    struct cjail_filter standing; /* of an interpreter host itself, which its guests inherit; empty for others */
    struct cjail_filter filter;   /* of guests; on top of a standing one only what that leaves open */
    struct cjail_filter gate;    /* of guests that host: init decides about what it notifies */
    struct cjail_filter counter; /* notifies every call, for profiles */
};

struct cjail_bind {
    const char *source;
    const char *target; /* relative to the new root */
    uint32_t flags;     /* enum cjail_bind_flag */
    int32_t source_fd;  /* -1, or an O_PATH descriptor used instead of source */
};

enum cjail_bind_flag {
    CJAIL_BIND_FILE = 1,
    CJAIL_BIND_DEVICE = 2,
    CJAIL_BIND_OPTIONAL = 4,
};

struct cjail_link {
    const char *target;
    const char *path;
};

struct cjail_file {
    const char *path;
    const void *content;
    size_t length;
};

/* The read-only root of a host, made of binds in an empty tmpfs. */
struct cjail_root {
    uint32_t bind_count, link_count, file_count, folder_count;
    struct cjail_bind binds[CJAIL_BINDS_MAX];
    struct cjail_link links[CJAIL_LINKS_MAX];
    struct cjail_file files[CJAIL_FILES_MAX];
    const char *folders[CJAIL_FOLDERS_MAX];
};

/* A program that guests of the exec host become, confined, before they park: it takes its run by itself. */
struct cjail_ahead {
    char *const *argv; /* NULL: there is none of this number */
    char *const *envp;
};
#define CJAIL_AHEAD_MAX 8

/* How a host is born. */
struct cjail_host_birth {
    const struct cjail_root *root;
    int32_t control_fd;    /* the host's end of its socket to the jailer */
    int32_t plan_fd;       /* sealed memfd of the plan for interpreters; -1: it comes as CJAIL_PLAN */
    uint32_t host_uid;     /* root mode: what the host becomes; rootless: the user's own */
    uint32_t host_gid;
    uint32_t outer_user;   /* 1: make a user namespace first (rootless) */
    int32_t user_fd;       /* rootless: the user namespace of the first host, to share; else -1 */
    uint32_t group_count;  /* descriptors of control group files to write "0" to */
    int32_t group_fds[CJAIL_GROUPS_MAX];
    char *const *argv;     /* NULL: stay and serve as the exec host */
    char *const *envp;
    const struct cjail_ahead *ahead; /* the exec host's, by kind of host; CJAIL_AHEAD_MAX of them */
};

/* ---- messages ---- */

enum cjail_note_kind {
    /* jailer to host */
    CJAIL_SPAWN = 1, /* a: enum cjail_spawn_flag; b: the number of the program that guests become before they park,
                      * 0: none; descriptors: init's socket, control group files */
    CJAIL_JOIN = 2,  /* a: enum cjail_join_flag; descriptors: the guest's socket, control group files. To a confined
                      * host's init: the guest's socket; from it to the host: the namespaces, in the order of ENTER */
    CJAIL_PLAN = 3,  /* to the exec host, before all others; descriptor: sealed memfd of its plan */
    /* host to jailer */
    CJAIL_HOST_READY = 16, /* a: Landlock ABI */
    CJAIL_SPAWNED = 17,    /* a: pid or -errno; from a confined host's init with the pidfd */
    CJAIL_UNJOINED = 18,   /* a: -errno. A guest that joined is heard of from its init */
    /* jailer to init */
    CJAIL_MAPS_WRITTEN = 32,
    CJAIL_GO = 33,   /* a: flags; b: workspace bytes; c: inodes; descriptors: bundle, stdin, stdout, stderr, [files], [network] */
    CJAIL_KILL = 34,
    CJAIL_ADMIT = 35, /* fork another guest; of a session: b: the number of a member that is to join */
    /* init to jailer */
    CJAIL_READY = 48,
    CJAIL_STARTED = 49, /* b: monotonic ns */
    CJAIL_ENDED = 50,   /* a: wait status; see struct cjail_note */
    CJAIL_FAILED = 51,  /* a: errno; text: stage */
    CJAIL_VACANT = 52,  /* the sandbox stands without a guest; descriptor, if one is to join: its socket. Of a session:
                         * b: the number of the member that may join */
    /* init to guest, guest to init */
    CJAIL_RELEASE = 64, /* a: flags; descriptors: bundle, stdin, stdout, stderr */
    CJAIL_PARKED = 65,  /* a: the guest's pid */
    CJAIL_COUNTING = 66, /* a: the number of a filter's notifier; b: the guest's pid */
    CJAIL_ENTER = 67,    /* descriptors: the namespaces to join, user first, pid second */
    /* init to a context, of a session; to its copy; and back, over the copy's socket */
    CJAIL_FREEZE = 72,   /* make a copy of yourself that waits; a: enum cjail_freeze_flag; descriptor: its socket */
    CJAIL_THAW = 73,     /* make a copy of yourself that goes on; descriptors: its socket to init, stdin, stdout, stderr */
    CJAIL_OBSTACLE = 74, /* text: what cannot be copied */
    /* a confined host's init to the init of the sandbox that its guest is in, and back; init to that guest */
    CJAIL_CLAIM = 68,  /* a process of your pid namespace wants to be the guest: is it fit? */
    CJAIL_SETTLE = 69, /* yes; and behind it, for the guest, with descriptors: control group files */
    /* service to init and back, over the network socket of an order */
    CJAIL_WAY = 80, /* a: flags; b: IPv4 address; c: port. Back: a: 0 or -errno; descriptor: a socket that is bound there */
};

enum cjail_way_flag {
    CJAIL_WAY_DATAGRAMS = 1, /* UDP; else a listener of TCP */
    CJAIL_WAY_OWNED = 2,     /* the loopback gets the address first */
    CJAIL_WAY_LAST = 4,      /* nothing more is asked before the run; b: how many were */
};

enum cjail_spawn_flag {
    CJAIL_SPAWN_JOINED = 1, /* guests will join; else init forks them */
    CJAIL_SPAWN_HOST = 2,   /* the guest will host runs of its own */
    CJAIL_SPAWN_SESSION = 4, /* the sandbox will be a session's, from which others branch off */
};

enum cjail_join_flag {
    CJAIL_JOIN_AWAITED = 1, /* a run waits already */
    CJAIL_JOIN_HOST = 2,    /* the guest will host runs of its own: its filter is the gate */
    CJAIL_JOIN_SESSION = 4, /* the guest will be a context of a session */
};

enum cjail_go_flag {
    CJAIL_GO_COLLECT = 1, /* send the workspace's regular files over the files socket */
    CJAIL_GO_PROFILE = 2,
    CJAIL_GO_NETWORK = 4, /* the last descriptor is the network socket */
    CJAIL_GO_HOST = 8, /* keep the socket to init, and serve orders to join on it */
    CJAIL_GO_SESSION = 16, /* the fifth descriptor is the session socket (cjail_session.h); ends only when told to */
    CJAIL_GO_TERMINAL = 32, /* RELEASE: stdin becomes the guest's controlling terminal */
};

enum cjail_freeze_flag {
    CJAIL_FREEZE_DROP = 1, /* leave behind what cannot be copied */
};

/* The namespace type of a setns that enters none: a guest of a confined host asks to be taken. */
#define CJAIL_GATE 0x44494154

enum cjail_sampled_limit { CJAIL_SAMPLED_NONE = 0, CJAIL_SAMPLED_MEMORY = 1, CJAIL_SAMPLED_CPU = 2 };

struct cjail_note {
    uint32_t kind;
    int32_t a;
    int64_t b;
    int64_t c;
    int64_t wall_ns;      /* ENDED: from release to the guest's end */
    int64_t cpu_ns;       /* ENDED: of the reaped processes, or sampled. GO: sampled CPU limit */
    int64_t memory_bytes; /* ENDED: sampled peak. GO: sampled memory limit */
    uint64_t disk_total, disk_free; /* ENDED: bytes of the workspace */
    uint64_t inodes_total, inodes_free;
    uint32_t sampled_limit;
    uint32_t processes; /* ENDED: sampled peak. GO, RELEASE: the limit where no controller counts, or 0 */
    char text[40];
};
_Static_assert(sizeof(struct cjail_note) == 128, "notes have one size on both sides");

/* One regular file of a finished workspace: this head, then the path; one descriptor. */
struct cjail_found {
    uint64_t size;
    uint32_t mode;
    uint32_t path_length;
};
_Static_assert(sizeof(struct cjail_found) == 16, "the head of a found file is shared");

#define CJAIL_PROFILE_CALLS 512
/* Sent over the files socket after the files, when a profile was asked for. */
struct cjail_profile {
    uint64_t marker; /* CJAIL_PROFILE_MARKER */
    uint64_t counts[CJAIL_PROFILE_CALLS];
};
#define CJAIL_PROFILE_MARKER 0xffffffffffffffffULL

/* ---- the bundle: what a run brings along, in a sealed memfd ----
 * Head, then argc+envc strings, then files; each string is u32 length (without its NUL),
 * bytes, NUL. A file is a string (its path), u32 mode, u64 length, bytes. Little endian, packed. */
#define CJAIL_BUNDLE_MAGIC 0x31424a43u
#define CJAIL_STRINGS_MAX 4096
#define CJAIL_BUNDLE_FILES_MAX 20000
struct cjail_bundle_head {
    uint32_t magic;
    uint32_t argc;
    uint32_t envc;
    uint32_t file_count;
};

/* ---- functions: jailer ---- */

/* Forks a host into a new mount namespace, builds its root there and gives up privilege.
 * Runs in: the jailer, which has one thread. Privilege: root, or none with outer_user.
 * Returns: the pid, or -errno. A later failure comes as CJAIL_FAILED over the control socket. */
pid_t cjail_host_start(const struct cjail_host_birth *birth);

/* The kernel's Landlock ABI, or 0. */
int cjail_landlock_abi(void);

/* Sends one message of a SEQPACKET socket whole, with descriptors. Signal-safe. Returns 0 or -errno
 * (-EAGAIN where flags hold MSG_DONTWAIT and the peer has not read what came before). */
int cjail_send_message(int socket, const void *bytes, size_t size, const int *fds, int fd_count, int flags);

/* Receives one message of exactly this size; the rest as cjail_receive. */
int cjail_receive_message(int socket, void *bytes, size_t size, int *fds, int *fd_count, int flags);

/* Receives whatever message comes next, without waiting; a longer one than room is cut.
 * Returns its length, 0 at the end of the stream, or -errno. */
long cjail_receive_some(int socket, void *bytes, size_t room, int *fds, int *fd_count);

/* Sends one note and at most CJAIL_NOTE_FDS descriptors. Signal-safe. Returns 0 or -errno. */
int cjail_send(int socket, const struct cjail_note *note, const int *fds, int fd_count);

/* Receives one note. Takes *fd_count descriptors at most, close-on-exec, and sets it to what
 * came. Returns 1, 0 at the end of the stream, or -errno (-EPROTO for a message of another size). */
int cjail_receive(int socket, struct cjail_note *note, int *fds, int *fd_count, int flags);

/* ---- functions: hosts ---- */

/* Prepares this process to make sandboxes by the plan in the sealed memfd plan_fd, which is closed, and binds it by the
 * plan's standing filter. Returns 0 or -errno. */
int cjail_host_prepare_from(int plan_fd);

/* Tells the jailer that this host is ready. Returns 0 or -errno. */
int cjail_host_announce(int control);

/* Tells the jailer that this interpreter cannot be forked, and ends the host. */
void cjail_host_decline(int control);

/* Waits for the next spawn order; to be followed by cjail_host_spawn. Returns 1, 0 when the jailer is gone, or -errno. */
int cjail_host_wait(int control);

/* Carries the order out. Returns in the host: 1. Returns in the new, confined guest: 0. Init never returns. */
int cjail_host_spawn(int control);

/* Waits, in the guest, until the run is given, and takes its standard streams.
 * On return *argv and *envp stand in memory that stays. Returns 0; ends the process otherwise. */
int cjail_guest_await(char ***argv, char ***envp);

/* The same in a program that a guest became before it parked: its other descriptors stay, and it needs no plan.
 * Such a run cannot be profiled: the program's threads are there already. */
int cjail_guest_await_ahead(char ***argv, char ***envp);

/* Becomes argv[0], looked up along PATH of envp. Never returns: reports the error to init and exits. */
void cjail_guest_exec(char **argv, char **envp);

enum cjail_taken {
    CJAIL_TAKEN_OTHER = 0, /* cjail_guest_given tells arguments and environment */
    CJAIL_TAKEN_SAME = 1,  /* they are those the interpreter has already, in the same order */
    CJAIL_TAKEN_HOST = 2,  /* as OTHER; and what came is not a run but the order to host runs, on descriptor 3 */
};

/* cjail_guest_await, then cjail_guest_leave, for interpreters. Returns: enum cjail_taken. */
int cjail_guest_take(char *const *argv, char *const *envp);
void cjail_guest_given(char ***argv, char ***envp);

/* Lets go of everything of the sandbox that the guest must not inherit. Last call in an interpreter's guest. */
void cjail_guest_leave(void);

/* Ends guests of this interpreter host right after their own exit functions. */
int cjail_quick_exit(void);

/* Makes the active call of function return value, skipping the frames between. See leave.c. */
int cjail_return_from(void *function, long value);

enum cjail_fork { CJAIL_FORK_AWAITED = 0, CJAIL_FORK_IDLE = 1, CJAIL_FORK_ENDED = 2 };

/* cjail_guest_await for a context: its stdin, the socket on which it is given cells, and the socket to init are moved out
 * of the program's way. Returns the descriptor of the former. */
int cjail_context_take(void);

enum cjail_awoken { CJAIL_AWOKEN_CELL = 0, CJAIL_AWOKEN_THAWED = 1 };

/* Waits until there is something to read on the socket of cells, and lets init copy this process meanwhile; the hooks are
 * the interpreter's own, around forks. Returns CELL; or THAWED in a copy, whose streams and files are its own. */
int cjail_context_wait(void (*before)(void), void (*after)(void), void (*in_child)(void));

/* Serves orders to join, calling the interpreter's own hooks around each fork. Returns in each confined guest, IDLE where
 * no run waits for it yet and things may be done in advance; in the host ENDED, when the jailer is gone. */
int cjail_interpreter_host(int control, void (*before)(void), void (*after)(void), void (*in_child)(void));

/* Serves spawn orders as the exec host. Returns when the jailer is gone. */
void cjail_exec_host(int control);

#endif
