/* Answering a guest's notified system calls. Runs in: init.
 *
 * Two users. The filter of a guest that hosts sends clone with namespace flags, setns and netlink
 * sockets here (gate.c). A counting filter (profiles) sends every call: it is counted and let through.
 * A call may only be let through, CONTINUE, by what stands in its registers and cannot change while it
 * waits; what it points to is never looked at. */
#include "internal.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>

void cjail_init_answer(struct cjail_init *init)
{
    struct seccomp_notif call = {0};
    if (ioctl(init->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
        if (errno != ENOENT && errno != EINTR && errno != EAGAIN) {
            close(init->listener);
            init->listener = -1;
        }
        return;
    }
    struct seccomp_notif_resp answer = {.id = call.id, .error = -EPERM};
    int judged = -EPERM;
    if (init->profile) {
        if (call.data.nr >= 0 && call.data.nr < CJAIL_PROFILE_CALLS)
            init->profile->counts[call.data.nr]++;
        judged = 1;
    } else if (init->hosting || init->branches) {
        judged = cjail_gate_judge(init, &call);
    }
    answer.error = judged < 0 ? judged : 0;
    answer.flags = judged > 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    ioctl(init->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
