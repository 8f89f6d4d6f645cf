/* What a client (the service, or a command alone) and the jailer say to each other: messages of
 * one fixed size over a SEQPACKET socket. An order names limits and a kind of host and brings
 * descriptors; it can name no path, uid, mount, capability or device. */
#ifndef CJAIL_ORDERS_H
#define CJAIL_ORDERS_H

#include <stdint.h>

#define CJAIL_ORDERS_VERSION 2
#define CJAIL_KEY_MAX 40

enum cjail_order_kind {
    CJAIL_ORDER_HELLO = 1,
    CJAIL_ORDER_RUN = 2,  /* descriptors: bundle, stdin, stdout, stderr, [files], [network] */
    CJAIL_ORDER_KILL = 3, /* reason: enum cjail_end_reason */
    CJAIL_ORDER_HOST = 4, /* a confined host for key and environment; as RUN. wall_ns: until it can fork */
    CJAIL_ORDER_SESSION = 5, /* as RUN, the fifth descriptor being the session socket; wall_ns and cpu_ns do not count */
    CJAIL_ORDER_MEMBER = 6,  /* let a fork of host into the session of this token; number: its number there */
    CJAIL_ORDER_MEASURE = 7, /* of the session of this token */
};

enum cjail_host_kind {
    CJAIL_HOST_EXEC = 0, CJAIL_HOST_PYTHON = 1, CJAIL_HOST_NODE = 2, CJAIL_HOST_TYPESCRIPT = 3,
    CJAIL_HOST_SQL = 4,
    CJAIL_HOST_PYTHON_CONTEXT = 5, /* of sessions only */
};

/* Who ended a run, if it was not the program. */
enum cjail_end_reason {
    CJAIL_END_OWN = 0,
    CJAIL_END_WALL = 1,
    CJAIL_END_CPU = 2,
    CJAIL_END_MEMORY = 3,
    CJAIL_END_OUTPUT = 4,
    CJAIL_END_CANCELLED = 5,
    CJAIL_END_ENGINE = 6,
    /* The machine had no memory left; the run was within its limit. */
    CJAIL_END_HOST_MEMORY = 7,
};

struct cjail_order {
    uint32_t kind;
    uint32_t host;
    uint64_t token; /* the client's own number for the run */
    int64_t wall_ns, cpu_ns;
    int64_t memory_bytes, disk_bytes;
    uint32_t files, processes;
    uint32_t cpu_percent;
    uint32_t flags; /* enum cjail_go_flag */
    uint32_t reason;
    uint32_t version;
    uint64_t number; /* MEMBER */
    uint64_t reserved[3];
    char key[CJAIL_KEY_MAX]; /* control group parent: letters, digits, - and _ */
    char environment[CJAIL_KEY_MAX]; /* RUN: fork it from the confined host of that name, if there is one; or empty */
};
_Static_assert(sizeof(struct cjail_order) == 184, "orders have one size on both sides");

enum cjail_report_kind {
    CJAIL_REPORT_HELLO = 1,
    CJAIL_REPORT_STARTED = 2, /* of a host: that it can fork */
    CJAIL_REPORT_ENDED = 3,
    CJAIL_REPORT_MEASURED = 5, /* processes_peak, memory_peak: so far; wall_ns: memory in use, in bytes */
    CJAIL_REPORT_REFUSED = 4, /* nothing ran: text says which stage, error is an errno */
};

enum cjail_layer {
    CJAIL_LAYER_USER = 1 << 0,
    CJAIL_LAYER_PID = 1 << 1,
    CJAIL_LAYER_MOUNT = 1 << 2,
    CJAIL_LAYER_NET = 1 << 3,
    CJAIL_LAYER_IPC = 1 << 4,
    CJAIL_LAYER_UTS = 1 << 5,
    CJAIL_LAYER_CGROUP = 1 << 6,
    CJAIL_LAYER_SECCOMP = 1 << 7,
    CJAIL_LAYER_LANDLOCK = 1 << 8,
    CJAIL_LAYER_CAPABILITIES = 1 << 9,
    CJAIL_LAYER_RLIMITS = 1 << 10,
    CJAIL_LAYER_PROC = 1 << 11,
};

enum cjail_memory_grade { CJAIL_MEMORY_GROUP = 0, CJAIL_MEMORY_SAMPLED = 1 };

struct cjail_report {
    uint32_t kind;
    uint32_t error;
    uint64_t token;
    int32_t wait_status;
    uint32_t reason;      /* enum cjail_end_reason */
    int64_t wall_ns, cpu_ns, memory_peak; /* -1: the kernel gave no figure */
    int64_t processes_peak;
    uint64_t oom_kills, process_refusals;
    uint64_t disk_total, disk_free, inodes_total, inodes_free;
    int64_t started_ns; /* STARTED: monotonic */
    /* HELLO */
    uint32_t layers, memory_grade, own_uid, hosts, group_version, landlock_abi;
    uint32_t pid;
    uint32_t confined; /* how many confined hosts there may be at a time; 0: they cannot be had here */
    uint32_t pooled; /* of hosts: those whose guests were started ahead, one for each run */
    uint8_t policy[2][32]; /* of programs, of interpreters */
    char text[128];
};
_Static_assert(sizeof(struct cjail_report) == 344, "reports have one size on both sides");

#endif
