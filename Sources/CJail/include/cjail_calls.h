/* System calls that aren't exposed by Swift's Glibc module. Each returns -errno when it fails. */
#ifndef CJAIL_CALLS_H
#define CJAIL_CALLS_H

#include <stdint.h>
#include <sys/types.h>

/* A memory file that may be sealed; close-on-exec. */
int cjail_memfd_create(const char *name);

/* Forbids every change of a memory file for ever. */
int cjail_memfd_seal(int fd);

/* Both ends close-on-exec. */
int cjail_pipe(int ends[2]);
int cjail_socketpair(int ends[2]);

/* A terminal: who controls it, and its other end. Both close-on-exec. */
int cjail_terminal(int ends[2]);

int cjail_eventfd(void);

int cjail_pidfd_open(pid_t pid);
int cjail_pidfd_kill(int pidfd, int signal);

/* Reaps an ended child. Returns 1 with its wait status, 0 if it lives. */
int cjail_pidfd_reap(int pidfd, int *status);

/* The user and process at the other end of a unix socket. */
int cjail_peer(int socket, uint32_t *uid, int32_t *pid);

int cjail_accept(int listener);

/* Forks a process, in a group of its own, that has one descriptor: fd as its 0. For callers with one thread.
 * Returns as fork does, or -errno. */
pid_t cjail_fork_with(int fd, const char *name);

/* Dies with its parent. */
int cjail_die_with_parent(void);

/* Shown by ps and top; cut to 15 bytes. */
void cjail_name_thread(const char *name);

/* Gives up root for good. */
int cjail_become_user(uint32_t uid, uint32_t gid);

#endif
