/* The warm host of SQL: forks a confined child, its libraries loaded and a database open, for each run.
 *
 * Started by the jailer as any interpreter host (see hosts/PROTOCOL.md), and told so by its only argument. The program is
 * laid into workspaces as well, where libcjail is not: so its functions are looked up when they are needed. */
#include "sql.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

enum { CONTROL = 3, PLAN = 4, ENDED = 2 }; /* see cjail.h */

static struct {
    int (*prepare_from)(int plan);
    int (*announce)(int control);
    int (*serve)(int control, void (*before)(void), void (*after)(void), void (*in_child)(void));
    int (*take)(char *const *argv, char *const *envp);
    void (*given)(char ***argv, char ***envp);
} jail;

static void find(void *library, const char *name, void *place)
{
    *(void **)place = dlsym(library, name);
    if (!*(void **)place)
        fail(name, "is not in libcjail.so");
}

static void nothing(void)
{
}

/* SQLite would give all children the same random numbers; without a buffer it begins anew. */
static void forget_randomness(void)
{
    sqlite3_randomness(0, NULL);
}

void serve(char ***argv)
{
    static char *none[] = {NULL};
    void *library = dlopen("/diatom/libcjail.so", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail("/diatom/libcjail.so", "cannot be loaded");
    find(library, "cjail_host_prepare_from", &jail.prepare_from);
    find(library, "cjail_host_announce", &jail.announce);
    find(library, "cjail_interpreter_host", &jail.serve);
    find(library, "cjail_guest_take", &jail.take);
    find(library, "cjail_guest_given", &jail.given);
    if (jail.prepare_from(PLAN) != 0 || jail.announce(CONTROL) != 0)
        _exit(1);
    if (jail.serve(CONTROL, nothing, nothing, forget_randomness) == ENDED)
        _exit(0);
    jail.take(none, none);
    jail.given(argv, &environ);
}
