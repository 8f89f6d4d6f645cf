/* Ending a warm interpreter without tearing down what it shares with its host.
 *
 * Py_FinalizeEx first waits for threads and runs exit functions, the last of which is ours; what
 * it does afterwards (clearing every interned string, type and module) copies megabytes of shared
 * pages and takes longer than most programs. Our exit function tears the guest's own modules down
 * and then returns, for Py_FinalizeEx, to its caller: the exit code is that caller's business.
 * The frames between are only skipped, as by longjmp; their registers are restored from the
 * unwinder's tables. Runs in: guest, last thing. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unwind.h>

struct search {
    uintptr_t function;
    uintptr_t resume, stack, saved[6];
    bool inside, found;
};

#if defined(__x86_64__)
static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *context, void *argument)
{
    static const int preserved[6] = {3, 6, 12, 13, 14, 15}; /* rbx rbp r12-r15, in DWARF's numbers */
    struct search *search = argument;
    if (!search->inside) {
        search->inside = _Unwind_GetRegionStart(context) == search->function;
        return _URC_NO_REASON;
    }
    search->resume = _Unwind_GetIP(context);
    search->stack = _Unwind_GetCFA(context);
    for (int i = 0; i < 6; i++)
        search->saved[i] = _Unwind_GetGR(context, preserved[i]);
    search->found = true;
    return _URC_NORMAL_STOP;
}

static void resume(const struct search *search, long value)
{
    __asm__ volatile("movq 0(%0), %%rbx\n\t"
                     "movq 8(%0), %%rbp\n\t"
                     "movq 16(%0), %%r12\n\t"
                     "movq 24(%0), %%r13\n\t"
                     "movq 32(%0), %%r14\n\t"
                     "movq 40(%0), %%r15\n\t"
                     "movq %1, %%rsp\n\t"
                     "jmp *%2\n\t"
                     :
                     : "r"(search->saved), "r"(search->stack), "r"(search->resume), "a"(value)
                     : "memory");
    __builtin_unreachable();
}
#endif

static void end_at_once(int status, void *unused)
{
    (void)unused;
    fflush(NULL);
    _exit(status);
}

/* Registered before any guest exists, so that every exit function of the guest's own libraries
 * runs first; what it spares is the unloading of all the host's libraries. */
int cjail_quick_exit(void)
{
    return on_exit(end_at_once, NULL) == 0 ? 0 : -ENOMEM;
}

/* Makes the active call of function return value. Returns, with -1, only where that call is not
 * on the stack or the machine is of another kind; the interpreter then ends in its own way. */
int cjail_return_from(void *function, long value)
{
#if defined(__x86_64__)
    struct search search = {.function = (uintptr_t)function};
    _Unwind_Backtrace(visit_frame, &search);
    if (search.found)
        resume(&search, value);
#else
    (void)function;
    (void)value;
#endif
    return -1;
}
