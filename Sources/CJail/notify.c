/* Answering a guest's notified system calls. Runs in: init.
 *
 * Two users. A gated filter sends clone with namespace flags and the gate's setns here: they are
 * refused unless a fork that the engine asked for is under way, and this version asks for none.
 * A counting filter (profiles) sends every call: it is counted and let through; counting judges
 * nothing, so it may use CONTINUE, which an answer that decides must never use. */
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
    if (init->profile) {
        if (call.data.nr >= 0 && call.data.nr < CJAIL_PROFILE_CALLS)
            init->profile->counts[call.data.nr]++;
        answer.error = 0;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    ioctl(init->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
