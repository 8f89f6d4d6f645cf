/* What Node needs of C to be forked: loaded twice into a host, first by LD_PRELOAD, then as its add-on.
 *
 * As a preloaded library it stands between Node and libc, because a forked child has one thread and Node
 * believes that it has more: V8's heap stays in the child (no MADV_DONTFORK), threads of the host count as
 * joined, and what they waited for is made anew. So Node leaves by its own way, with its own exit code.
 * As an add-on it is what host.cjs calls. See docs/design/0010-warm-node.md. */
#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern int cjail_host_prepare_from(int plan);
extern int cjail_host_announce(int control);
extern void cjail_host_decline(int control);
extern int cjail_interpreter_host(int control, void (*before)(void), void (*after)(void), void (*in_child)(void));
extern int cjail_guest_await(char ***argv, char ***envp);
extern void cjail_guest_leave(void);
extern int cjail_quick_exit(void);

#define FORK_ENDED 2 /* CJAIL_FORK_ENDED of cjail.h */


/* Threads of the host */

#define GHOSTS_MAX 64

static bool is_child;
static pthread_mutex_t ghosts_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t ghosts[GHOSTS_MAX];
static struct { pthread_cond_t *condition; pthread_mutex_t *mutex; } awaited[GHOSTS_MAX];
static int ghost_count, awaited_count;

/* A child's new thread may get the name of one that it never had. */
static void note_thread(pthread_t thread)
{
    pthread_mutex_lock(&ghosts_lock);
    if (!is_child && ghost_count < GHOSTS_MAX)
        ghosts[ghost_count++] = thread;
    for (int i = 0; is_child && i < ghost_count; i++)
        if (pthread_equal(ghosts[i], thread))
            ghosts[i--] = ghosts[--ghost_count];
    pthread_mutex_unlock(&ghosts_lock);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *), void *argument)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!next)
        next = dlsym(RTLD_NEXT, "pthread_create");
    int error = next(thread, how, body, argument);
    if (error == 0)
        note_thread(*thread);
    return error;
}

int pthread_join(pthread_t thread, void **result)
{
    static int (*next)(pthread_t, void **);
    if (!next)
        next = dlsym(RTLD_NEXT, "pthread_join");
    for (int i = 0; is_child && i < ghost_count; i++)
        if (pthread_equal(ghosts[i], thread))
            return 0;
    return next(thread, result);
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    static int (*next)(pthread_cond_t *, pthread_mutex_t *);
    if (!next) /* the plain name may find the oldest version, of another layout */
        next = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.3.2");
    if (!is_child) {
        pthread_mutex_lock(&ghosts_lock);
        int at = 0;
        while (at < awaited_count && awaited[at].condition != condition)
            at++;
        if (at == awaited_count && at < GHOSTS_MAX) {
            awaited[awaited_count].condition = condition;
            awaited[awaited_count++].mutex = mutex;
        }
        pthread_mutex_unlock(&ghosts_lock);
    }
    return next(condition, mutex);
}

int madvise(void *start, size_t length, int advice)
{
    return advice == MADV_DONTFORK ? 0 : (int)syscall(SYS_madvise, start, length, advice);
}

/* What libuv does in a child of fork, kept to be done once more after the jail closed its descriptors. */
static void (*renewals[8])(void);
static int renewal_count;

int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void), void *object)
{
    static int (*next)(void (*)(void), void (*)(void), void (*)(void), void *);
    if (!next)
        next = dlsym(RTLD_NEXT, "__register_atfork");
    if (!is_child && !before && !parent && child && renewal_count < 8)
        renewals[renewal_count++] = child;
    return next(before, parent, child, object);
}

/* No io_uring, as in the child, whose filter answers the same: a ring belongs to the process that made it. */
long syscall(long number, ...)
{
    static long (*next)(long, ...);
    if (!next)
        next = dlsym(RTLD_NEXT, "syscall");
    if (number == SYS_io_uring_setup) {
        errno = ENOSYS;
        return -1;
    }
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
    long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    return next(number, a, b, c, d, e, f);
}

/* Randomness */

/* v8::base::RandomNumberGenerator: the seed that it began with, and its state. */
struct generator {
    int64_t seed;
    uint64_t state[2];
};

static void (*set_seed)(struct generator *, int64_t);
static int64_t (*next_number)(struct generator *);
static struct generator *isolate_generator;

static bool peek(const void *from, void *to, size_t length)
{
    struct iovec here = {to, length}, there = {(void *)(uintptr_t)from, length};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)length;
}

/* Whether the state is what this seed gives after a few numbers. */
static bool is_generator(const struct generator *candidate)
{
    struct generator model;
    set_seed(&model, candidate->seed);
    for (int drawn = 0; drawn < 4096; drawn++, next_number(&model))
        if (!memcmp(&model, candidate, sizeof model))
            return true;
    return false;
}

/* V8 tells nobody where an isolate keeps its generator; its own arithmetic proves which pointer is it. */
static bool find_generator(void)
{
    char *(*current)(void) = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
    set_seed = dlsym(RTLD_DEFAULT, "_ZN2v84base21RandomNumberGenerator7SetSeedEl");
    next_number = dlsym(RTLD_DEFAULT, "_ZN2v84base21RandomNumberGenerator9NextInt64Ev");
    if (!current || !set_seed || !next_number)
        return false;
    char *isolate = current();
    struct generator found, *candidate;
    for (size_t at = 0; at < 256 << 10 && peek(isolate + at, &candidate, sizeof candidate); at += sizeof candidate)
        if (candidate && (uintptr_t)candidate % 8 == 0 && peek(candidate, &found, sizeof found) &&
            (found.state[0] | found.state[1]) && is_generator(&found)) {
            isolate_generator = candidate;
            return true;
        }
    return false;
}

static int reseed(void)
{
    int64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        return -1;
    set_seed(isolate_generator, seed);
    return 0;
}

/* Leaving */

/* Node decides late about its exit code, and keeps it in words that no interface shows: the code, and whether
 * there is one. The host script sets process.exitCode to several values; the one word that follows is it. */
static int32_t *exit_code;

#define CANDIDATES_MAX 4096

static void collect_words(int32_t value, int32_t **kept, int *count)
{
    char line[256], rights[8];
    unsigned long from, to;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && !strcmp(rights, "rw-p") && !strstr(line, "[stack]"))
            for (int32_t *at = (int32_t *)from; at < (int32_t *)to; at++)
                if (*at == value && *count < CANDIDATES_MAX)
                    kept[(*count)++] = at;
    if (maps)
        fclose(maps);
}

/* findExitCode(value): call it for several values that process.exitCode has; true when one word is left. */
static napi_value find_exit_code(napi_env env, napi_callback_info info)
{
    static int32_t *candidates[CANDIDATES_MAX];
    static int count = -1;
    size_t argc = 1;
    napi_value argument, answer;
    int32_t value = 0;
    napi_get_cb_info(env, info, &argc, &argument, NULL, NULL);
    napi_get_value_int32(env, argument, &value);
    if (count < 0) {
        count = 0;
        collect_words(value, candidates, &count);
    }
    int left = 0;
    for (int i = 0; i < count; i++)
        if (*candidates[i] == value)
            candidates[left++] = candidates[i];
    count = left;
    exit_code = count == 1 ? candidates[0] : NULL;
    napi_create_int32(env, count, &answer);
    return answer;
}

static void leave(void *unused)
{
    (void)unused;
    exit(exit_code[1] ? exit_code[0] : 0);
}

/* The event loop */

static void nothing(void) {}

#define DESCRIPTORS_MAX 128

static enum { CLOSED, OTHER, POLLING } host_fds[DESCRIPTORS_MAX];

static void note_descriptors(int first)
{
    char path[32], kind[32];
    for (int fd = first; fd < DESCRIPTORS_MAX; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, kind, sizeof kind);
        bool polls = length > 0 && !strncmp(kind, "anon_inode:[eventpoll]", (size_t)length);
        host_fds[fd] = length < 0 ? CLOSED : polls ? POLLING : OTHER;
    }
}

/* The jail closed all that the host had open. The numbers are taken again, by harmless things of the same
 * kind, so that libuv, which closes what it believes to hold, closes nothing of its new ones, and the loops
 * of threads that are not here, which are written to at the end, stand for nothing of the guest's. */
static int renew_loop(uv_loop_t *loop)
{
    for (int i = 0; i < renewal_count; i++)
        renewals[i]();
    for (int wanted = 0; wanted < DESCRIPTORS_MAX; wanted++) {
        if (host_fds[wanted] == CLOSED || fcntl(wanted, F_GETFD) >= 0)
            continue;
        int fd = host_fds[wanted] == POLLING ? epoll_create1(EPOLL_CLOEXEC) : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0 || (fd != wanted && (dup3(fd, wanted, O_CLOEXEC) < 0 || close(fd) < 0)))
            return -1;
    }
    int error = uv_loop_fork(loop);
    uv_update_time(loop);
    return error;
}

static napi_value strings(napi_env env, char **list)
{
    napi_value array, text;
    napi_create_array(env, &array);
    for (uint32_t i = 0; list[i]; i++) {
        napi_create_string_utf8(env, list[i], NAPI_AUTO_LENGTH, &text);
        napi_set_element(env, array, i, text);
    }
    return array;
}

static napi_value failed(napi_env env, const char *what)
{
    napi_throw_error(env, NULL, what);
    return NULL;
}

/* What the host's threads held or waited for is free again. */
static void forget_threads(void)
{
    is_child = true;
    for (int i = 0; i < awaited_count; i++) {
        pthread_cond_init(awaited[i].condition, NULL);
        pthread_mutex_init(awaited[i].mutex, NULL); /* one that waits counts as its user */
    }
}

/* park(): waits for the run, and gives its arguments. */
static napi_value park(napi_env env, napi_callback_info info)
{
    (void)info;
    char **argv, **envp;
    uv_loop_t *loop;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok)
        _exit(71);
    cjail_guest_await(&argv, &envp);
    cjail_guest_leave();
    if (renew_loop(loop) != 0)
        _exit(71);
    if (exit_code)
        napi_add_env_cleanup_hook(env, leave, NULL);
    clearenv();
    for (; *envp; envp++)
        putenv(*envp);
    return strings(env, argv);
}

/* serve(): forks; returns in confined children only. */
static napi_value serve(napi_env env, napi_callback_info info)
{
    (void)info;
    if (!find_generator() || !exit_code)
        cjail_host_decline(3);
    note_descriptors(5); /* 3 and 4 are the jailer's */
    cjail_quick_exit();
    if (cjail_host_prepare_from(4) != 0 || cjail_host_announce(3) != 0)
        return failed(env, "the jailer does not answer");
    if (cjail_interpreter_host(3, nothing, nothing, forget_threads) == FORK_ENDED)
        _exit(0);
    if (reseed() != 0)
        _exit(71);
    return NULL;
}

/* turnLoop(): what is ready happens. */
static napi_value turn_loop(napi_env env, napi_callback_info info)
{
    (void)info;
    uv_loop_t *loop;
    if (napi_get_uv_event_loop(env, &loop) == napi_ok)
        uv_run(loop, UV_RUN_NOWAIT);
    return NULL;
}

/* pipe(): both ends of a pipe, for the rehearsal. */
static napi_value make_pipe(napi_env env, napi_callback_info info)
{
    (void)info;
    int ends[2] = {-1, -1};
    napi_value array, number;
    napi_create_array(env, &array);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed(env, "pipe");
    for (uint32_t i = 0; i < 2; i++) {
        napi_create_int32(env, ends[i], &number);
        napi_set_element(env, array, i, number);
    }
    return array;
}

static napi_value leave_now(napi_env env, napi_callback_info info)
{
    size_t argc = 1;
    napi_value argument;
    int32_t code = 0;
    napi_get_cb_info(env, info, &argc, &argument, NULL, NULL);
    napi_get_value_int32(env, argument, &code);
    exit(code);
}

static napi_value process_id(napi_env env, napi_callback_info info)
{
    (void)info;
    napi_value number;
    napi_create_int32(env, getpid(), &number);
    return number;
}

NAPI_MODULE_INIT()
{
    const struct { const char *name; napi_callback function; } all[] = {
        {"serve", serve}, {"park", park}, {"pipe", make_pipe}, {"turnLoop", turn_loop}, {"findExitCode", find_exit_code},
        {"reallyExit", leave_now}, {"processID", process_id},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        napi_value function;
        napi_create_function(env, all[i].name, NAPI_AUTO_LENGTH, all[i].function, NULL, &function);
        napi_set_named_property(env, exports, all[i].name, function);
    }
    return exports;
}
