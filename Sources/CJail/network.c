/* The ways out of a sandbox: sockets in its network namespace, which has no interface but its loopback, opened on the word
 * of whoever ordered the run and handed out to it. What goes into one leaves the sandbox only through whoever holds it.
 * Runs in: init. Privilege: over its own network and mount namespaces. */
#include "internal.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>

static int own_address(int probe, const struct sockaddr_in *address)
{
    struct ifreq request = {0};
    cjail_format(request.ifr_name, sizeof request.ifr_name, "lo:", ntohl(address->sin_addr.s_addr), "");
    memcpy(&request.ifr_addr, address, sizeof *address);
    return ioctl(probe, SIOCSIFADDR, &request);
}

static int open_way(const struct cjail_note *way)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)way->c)};
    at.sin_addr.s_addr = htonl((uint32_t)way->b);
    int kind = way->a & CJAIL_WAY_DATAGRAMS ? SOCK_DGRAM : SOCK_STREAM;
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || ((way->a & CJAIL_WAY_OWNED) && own_address(fd, &at) < 0) ||
        bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || (kind == SOCK_STREAM && listen(fd, SOMAXCONN) < 0)) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* Opens one way that the service asks for, if it asks.
 * Returns: 1, 0 when the service has let go of the socket, or -errno (-EAGAIN where nothing is asked). */
int cjail_network_serve(int socket, struct cjail_note *way)
{
    int got = cjail_receive(socket, way, NULL, NULL, MSG_DONTWAIT), error, tries = 0;
    if (got != 1 || (way->a & CJAIL_WAY_LAST))
        return got;
    int fd = open_way(way);
    way->a = fd < 0 ? fd : 0;
    while ((error = cjail_send(socket, way, &fd, fd >= 0)) == -ETOOMANYREFS && tries++ < 2000)
        usleep(1000); /* the reader has descriptors of this user under way */
    close(fd);
    return error < 0 ? error : fd < 0 ? fd : 1;
}

/* Opens what was asked for before the run, and shows the guest who answers for names.
 * Returns: 0, or -errno; so too where another sandbox, which died, has taken some of what was asked. */
int cjail_network_open(int socket)
{
    struct cjail_note way = {0};
    int64_t opened = 0;
    int got;
    while ((got = cjail_network_serve(socket, &way)) == 1 && !(way.a & CJAIL_WAY_LAST))
        opened++;
    if (got != 1 || way.b != opened)
        return got < 0 ? got : -EPROTO;
    return mount("/diatom/network/resolv.conf", "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0 ||
                   mount("/diatom/network/nsswitch.conf", "/etc/nsswitch.conf", NULL, MS_BIND, NULL) < 0
               ? -errno
               : 0;
}
