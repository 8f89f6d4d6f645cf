/* libmicrohttpd as Swift can call it: its functions with variable arguments, wrapped, and the few calls of
 * epoll(7) and eventfd(2) that the module of the C library leaves out. */
#pragma once
#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* What the daemon calls, always on its own thread. Must outlive the daemon. */
struct diatom_http_calls {
    void *context;
    MHD_AccessHandlerCallback handle;
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void (*log)(void *context, const char *line);
};

struct diatom_http_bounds {
    unsigned int connections;
    unsigned int idle_seconds;
    size_t bytes_per_connection;
};

/* A certificate and its key in PEM, both or neither; must outlive the daemon. */
struct diatom_http_identity {
    const char *certificate;
    const char *key;
};

static inline void diatom_http_log(void *calls, const char *format, va_list values)
{
    const struct diatom_http_calls *c = calls;
    char line[256];
    vsnprintf(line, sizeof line, format, values);
    c->log(c->context, line);
}

/* Paths and parameters stay as they were sent: %00 and %2f are for the router to refuse. */
static inline size_t diatom_http_keep_escapes(void *unused, struct MHD_Connection *connection, char *text)
{
    (void)unused;
    (void)connection;
    size_t count = 0;
    while (text[count] != '\0') count++;
    return count;
}

/* TLS 1.2 and 1.3, without what is broken in the former. */
#define DIATOM_TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:-RSA"

/* Serves on a listening socket, which the daemon closes when it stops; with an identity by TLS. Returns NULL on
 * failure. */
static inline struct MHD_Daemon *diatom_http_start(int listener, const struct diatom_http_bounds *bounds,
                                                   const struct diatom_http_identity *identity,
                                                   struct diatom_http_calls *calls)
{
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(identity == NULL ? NULL : identity->certificate)},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(identity == NULL ? NULL : identity->key)},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)DIATOM_TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            (identity == NULL ? 0 : MHD_USE_TLS),
        0, NULL, NULL, calls->handle, calls->context,
        MHD_OPTION_ARRAY, identity == NULL ? &tls[3] : tls,
        MHD_OPTION_EXTERNAL_LOGGER, diatom_http_log, calls,
        MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, bounds->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, bounds->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, bounds->bytes_per_connection,
        MHD_OPTION_NOTIFY_COMPLETED, calls->completed, calls->context,
        MHD_OPTION_NOTIFY_CONNECTION, calls->connection, calls->context,
        MHD_OPTION_UNESCAPE_CALLBACK, diatom_http_keep_escapes, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
}

static inline int diatom_http_descriptor(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

/* A response whose body `read` makes while it is sent; `free` is called once with the context when it is done with.
 * Chunks are made in the connection's own memory; the block that is asked for here serves clients that know none. */
static inline struct MHD_Response *diatom_http_stream(void *context, MHD_ContentReaderCallback read,
                                                      MHD_ContentReaderFreeCallback free)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, read, context, free);
}

#define DIATOM_HTTP_END ((ssize_t)-1)
#define DIATOM_HTTP_BROKEN ((ssize_t)-2)

/* What the call `connection` left in its socket_context. */
static inline void *diatom_http_peer(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* Reports once when the other end of a socket is gone for good; one that only stopped sending is not.
 * EPOLLHUP and EPOLLERR need not be asked for. Returns 0 or -errno. */
static inline int diatom_watch_hang_up(int epoll, int socket, uint64_t number)
{
    struct epoll_event event = {.events = EPOLLET, .data = {.u64 = number}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0 ? 0 : -errno;
}

static inline int diatom_watch_readable(int epoll, int descriptor, uint64_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = number}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

/* Waits and fills in the numbers of what happened. Returns how many, or -errno. */
static inline int diatom_watched(int epoll, uint64_t *numbers, int most, int timeout_ms)
{
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, most < 64 ? most : 64, timeout_ms);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) numbers[i] = events[i].data.u64;
    return count;
}
