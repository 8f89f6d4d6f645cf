/* Shared by the files of this library only. */
#ifndef CJAIL_INTERNAL_H
#define CJAIL_INTERNAL_H

#include "cjail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RETRY(call)                                                                                \
    ({                                                                                             \
        long retry_result_;                                                                        \
        do {                                                                                       \
            retry_result_ = (long)(call);                                                          \
        } while (retry_result_ < 0 && errno == EINTR);                                             \
        retry_result_;                                                                             \
    })

/* What a host keeps between spawns; a guest and its init inherit a copy. */
struct cjail_host {
    const struct cjail_plan *plan;
    bool awaited; /* a run waits for the guest that is being made */
    bool hosting; /* that guest will host runs of its own */
    bool session; /* that guest will be one of a session's */
    bool nested;  /* this host is a guest itself: nobody believes it */
    const struct cjail_ahead *ahead;
};
extern struct cjail_host cjail_host_state;

/* The descriptors of an order to a host. */
struct cjail_host_order {
    struct cjail_note note;
    int fds[CJAIL_NOTE_FDS];
    int count;
};

#define CJAIL_SANDBOX_NAMESPACES                                                                   \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define CJAIL_NAMESPACES 7
#define CJAIL_TRAFFIC_FILES 3

/* What of a sandbox outlives a run, as it was when the sandbox was made. */
struct cjail_shell {
    int namespaces[CJAIL_NAMESPACES];
    int traffic_files[CJAIL_TRAFFIC_FILES];
    int queues; /* the folder of POSIX message queues */
    int last_pid;
    uint64_t traffic;
    uint64_t standing;
    int sockets; /* nested: the file that counts the network namespace's sockets, and what it said */
    uint64_t socket_count;
    struct cjail_note workspace;
    int trials; /* of System V objects in this ipc namespace */
    uint32_t uses;
};

/* One guest's way from a confined host into its sandbox, as the host's init sees it. */
struct cjail_gate {
    int way;          /* the socket to the init of that sandbox, for its guest; -1: nobody is on the way */
    uint64_t user, pid; /* that sandbox's namespaces */
    int step;         /* namespaces entered */
    pid_t entrant;    /* the process that enters them; its child is the guest */
    int files;        /* what the sandbox's workspace is to have in it, or -1 */
    int entrant_pidfd;
};

/* The life of one sandbox, as init sees it. */
struct cjail_init {
    const struct cjail_plan *plan;
    bool joined;  /* guests come from an interpreter host */
    bool hosting; /* the guest hosts runs of its own */
    bool branches; /* of a session: other sandboxes branch off from copies of its guest */
    bool nested;  /* guests come from a host in a sandbox, which is not believed */
    int proc;     /* the folder of this pid namespace's processes, also of those that hide (cjail_proc_reveal) */
    int outside, inside; /* hosting: the mount namespaces that nested sandboxes begin in, and the guest's */
    struct cjail_gate gate;
    int groups[CJAIL_GROUPS_MAX]; /* nested: control group files for the guest */
    int group_count;
    struct cjail_shell shell;
    int control;
    int guest_socket;
    int signals;
    int listener; /* seccomp notifications, or -1 */
    int workspace;
    int files;
    int network; /* where the service asks for ways out, or -1 */
    int session; /* where it asks for what sessions have, or -1 */
    int origin;  /* nested: the files that a branch begins with, or -1 */
    pid_t guest;
    int guest_pidfd;
    uint32_t go_flags;
    bool running;
    bool ended;
    int status;
    int64_t cpu_base;
    int64_t released_ns, ended_ns;
    int64_t memory_limit, cpu_limit; /* sampled grade only */
    int64_t memory_base, memory_peak, cpu_sampled;
    int64_t cpu_parked; /* what the guest used before it was released */
    uint32_t processes_peak;
    uint32_t processes_limit; /* of a session's guests, where no controller counts */
    uint32_t sampled_limit;
    struct cjail_profile *profile;
};

int64_t cjail_now(void);
void cjail_default_signals(void);
void cjail_unblock_signals(void);
_Noreturn void cjail_die(int socket, const char *stage, int error);
int cjail_write_file(int folder, const char *path, const char *text);
size_t cjail_format(char *buffer, size_t size, const char *before, uint64_t number, const char *after);

int cjail_map_self(int proc, uint32_t inner_uid, uint32_t inner_gid, uint32_t outer_uid, uint32_t outer_gid);
int cjail_become(uint32_t uid, uint32_t gid);
int cjail_drop_capabilities(void);
int cjail_lock_privileges(void);

int cjail_root_build(const struct cjail_root *root, const char **stage);
int cjail_proc_make(const struct cjail_plan *plan);
int cjail_proc_attach(const struct cjail_plan *plan, int proc);
int cjail_proc_hide(const char *cover);
int cjail_proc_reveal(int proc);
int cjail_proc_show(struct cjail_init *init);
bool cjail_is_alive(struct cjail_init *init, pid_t pid);
bool cjail_is_nested(struct cjail_init *init, pid_t pid);
int cjail_root_renew(void);
int cjail_loopback_up(void);
int cjail_network_open(int socket);
int cjail_network_serve(int socket, struct cjail_note *way);

int cjail_workspace_make(uint64_t bytes, uint32_t inodes);
int cjail_workspace_attach(int workspace);
int cjail_workspace_empty(int workspace, const struct cjail_note *birth);
int cjail_workspace_detach(int workspace);
int cjail_workspace_resize(uint64_t bytes, uint32_t inodes);
void cjail_workspace_measure(int workspace, struct cjail_note *note);
int cjail_workspace_fill(const char **cursor, const char *end, uint32_t count);
void cjail_workspace_collect(int socket);

int cjail_ruleset_open(const struct cjail_plan *plan, bool wide);
int cjail_filter_load(const struct cjail_filter *filter, unsigned int flags);

void cjail_init_answer(struct cjail_init *init);
void cjail_init_sample(struct cjail_init *init);
int64_t cjail_process_memory(int proc, uint64_t pid);
bool cjail_process_numbers(int proc, uint64_t pid, const char *file, uint64_t *numbers, int count);
int64_t cjail_process_cpu(pid_t pid);
bool cjail_init_start(struct cjail_init *init, const int *groups, int group_count, uint32_t uid, uint32_t gid);

void cjail_join_groups(int report, const int *groups, int count);
void cjail_shell_make(struct cjail_init *init, const int *groups, int count, uint32_t uid, uint32_t gid);
int cjail_shell_renew(struct cjail_init *init);
int cjail_shell_offer(struct cjail_init *init);
int cjail_join(const struct cjail_host_order *order);

bool cjail_shell_is_untouched(struct cjail_init *init);
int cjail_shell_settle(struct cjail_init *init);

extern const int cjail_namespace_kinds[CJAIL_NAMESPACES];
extern const char *const cjail_namespace_names[CJAIL_NAMESPACES];
uint64_t cjail_namespace_of(int proc, pid_t pid, int which);

void cjail_gate_take_order(struct cjail_init *init, const struct cjail_note *note, int *fds, int count);
void cjail_gate_hear(struct cjail_init *init, const struct cjail_note *note);
void cjail_gate_shut(struct cjail_init *init);
struct seccomp_notif;
int cjail_gate_judge(struct cjail_init *init, const struct seccomp_notif *call);

pid_t cjail_verify_claim(struct cjail_init *init, const char **what);
bool cjail_verify_parked(struct cjail_init *init, const char **what);
long cjail_process_text(int proc, pid_t pid, const char *file, char *text, size_t size);

void cjail_session_forget(void);
int cjail_session_prepare(struct cjail_init *init);
bool cjail_session_serve(struct cjail_init *init);
void cjail_init_finish(struct cjail_init *init);

struct cjail_checkpoint;
int cjail_files_open(struct cjail_init *init, const char *path, bool follow);
int cjail_files_answer(struct cjail_init *init, const struct cjail_request *request, const char *first, const char *second);
int cjail_answer(struct cjail_init *init, struct cjail_answer *answer, const void *text, size_t size, int fd);
int cjail_workspace_copy(int from, int to, uint64_t *bytes);
int cjail_init_take_listener(pid_t guest, int number);
int cjail_tree_copy(int from, int to, uint64_t *bytes);
int cjail_tree_remove(int folder, const char *name);
int cjail_tree_empty(int folder);
int cjail_split(void);

int cjail_guest_confine(int init_socket);
void cjail_guest_receive(void);
_Noreturn void cjail_guest_become(const struct cjail_ahead *program);

int cjail_bundle_map(int fd, const char **start, const char **end, struct cjail_bundle_head *head);
int cjail_bundle_string(const char **cursor, const char *end, const char **text, uint32_t *length);
int cjail_bundle_number(const char **cursor, const char *end, void *number, size_t size);

#endif
