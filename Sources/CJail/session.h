/* Shared by what serves a session in its init. */
#ifndef CJAIL_SESSION_INTERNAL_H
#define CJAIL_SESSION_INTERNAL_H

#include "internal.h"

/* A context or a command, from the request for it until it is reaped. */
struct member {
    bool used, parked, released;
    uint64_t number;
    pid_t pid;
    int socket;       /* to it, or -1: programs that were exec'd have let go of theirs */
    uint32_t flags;   /* enum cjail_request_flag, of its request */
    uint32_t request; /* that waits for an answer, or 0 */
    int streams[4], stream_count; /* bundle, stdin, stdout, stderr, until it has them */
    int error;        /* of its own start, as it says */
    char stage[40];
};

struct cjail_members {
    struct member all[CJAIL_MEMBERS_MAX];
};
extern struct cjail_members cjail_members;

struct member *cjail_member_find(uint64_t number);
struct member *cjail_member_add(uint64_t number);
void cjail_member_remove(struct member *member);
void cjail_members_reap(struct cjail_init *init);

int cjail_each_process(struct cjail_init *init, void (*visit)(struct cjail_init *init, pid_t pid));
void cjail_checkpoints_clear(void);
int cjail_checkpoints_end(struct cjail_init *init);
void cjail_checkpoints_answer(struct cjail_init *init, const struct cjail_request *request, int *fds, int count);
void cjail_checkpoints_forget_process(pid_t pid);

#endif
