/* libcurl as Swift can call it: its options take any type of argument. */
#pragma once
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A connection to the server of a URL, by TLS and through proxies where they are set, that carries whatever is sent.
 * NULL with the reason in `error`, which has CURL_ERROR_SIZE bytes. */
static inline CURL *diatom_curl_tunnel(const char *url, long connect_ms, char *error)
{
    CURL *handle = curl_easy_init();
    if (handle == NULL)
        return NULL;
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    /* Through a proxy, too, what is sent is for the server. */
    curl_easy_setopt(handle, CURLOPT_HTTPPROXYTUNNEL, 1L);
    /* As the curl program does; the library leaves it to its users. */
    if (getenv("SSL_CERT_FILE") != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    if (getenv("SSL_CERT_DIR") != NULL)
        curl_easy_setopt(handle, CURLOPT_CAPATH, getenv("SSL_CERT_DIR"));
    /* What is sent is HTTP/1.1, whatever else the server would speak. */
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (curl_easy_perform(handle) == CURLE_OK)
        return handle;
    curl_easy_cleanup(handle);
    return NULL;
}

static inline int diatom_curl_socket(CURL *handle)
{
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &socket);
    return (int)socket;
}

/* One request, or one mail, as it is to be sent; NULL where there is none of it. */
struct diatom_parcel {
    const char *url;
    /* "host:port:address": where the host is, whatever name servers say; and that address, the only one connected to. */
    const char *resolve, *address;
    const char *user, *password;
    const char *from;
    struct curl_slist *headers, *to;
    const unsigned char *body;
    size_t length, sent;
    long timeout_ms;
    /* What of the answer's body is kept. */
    char *answer;
    size_t room, filled;
};

static inline size_t diatom_parcel_read(char *to, size_t size, size_t count, void *context)
{
    struct diatom_parcel *parcel = context;
    size_t most = size * count, left = parcel->length - parcel->sent;
    size_t now = left < most ? left : most;
    memcpy(to, parcel->body + parcel->sent, now);
    parcel->sent += now;
    return now;
}

static inline size_t diatom_parcel_write(char *from, size_t size, size_t count, void *context)
{
    struct diatom_parcel *parcel = context;
    size_t given = size * count, left = parcel->room - parcel->filled;
    size_t kept = given < left ? given : left;
    memcpy(parcel->answer + parcel->filled, from, kept);
    parcel->filled += kept;
    /* Taking less than was given ends the transfer: nobody reads more. */
    return kept;
}

static inline curl_socket_t diatom_parcel_open(void *context, curlsocktype purpose, struct curl_sockaddr *place)
{
    struct diatom_parcel *parcel = context;
    char text[INET6_ADDRSTRLEN] = "";
    const void *address = place->family == AF_INET    ? (const void *)&((struct sockaddr_in *)(void *)&place->addr)->sin_addr
                          : place->family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)(void *)&place->addr)->sin6_addr
                                                      : NULL;
    (void)purpose;
    if (address == NULL || inet_ntop(place->family, address, text, sizeof text) == NULL)
        return CURL_SOCKET_BAD;
    if (parcel->address != NULL && strcmp(text, parcel->address) != 0)
        return CURL_SOCKET_BAD;
    return socket(place->family, place->socktype | SOCK_CLOEXEC, place->protocol);
}

/* Sends it. Returns the answer's status, or 0 with the reason in `error`, which has CURL_ERROR_SIZE bytes. No redirect is
 * followed, and where the address is given no proxy is asked. */
static inline long diatom_curl_send(CURL *handle, struct diatom_parcel *parcel, char *error)
{
    struct curl_slist *resolved = parcel->resolve != NULL ? curl_slist_append(NULL, parcel->resolve) : NULL;
    long status = 0;
    error[0] = '\0';
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_URL, parcel->url);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, parcel->timeout_ms);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, parcel->from != NULL ? "smtp,smtps" : "http,https");
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, diatom_parcel_open);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, parcel);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, diatom_parcel_write);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, parcel);
    if (getenv("SSL_CERT_FILE") != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    if (getenv("SSL_CERT_DIR") != NULL)
        curl_easy_setopt(handle, CURLOPT_CAPATH, getenv("SSL_CERT_DIR"));
    if (parcel->address != NULL) {
        curl_easy_setopt(handle, CURLOPT_RESOLVE, resolved);
        curl_easy_setopt(handle, CURLOPT_PROXY, "");
        curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    }
    if (parcel->user != NULL) {
        curl_easy_setopt(handle, CURLOPT_USERNAME, parcel->user);
        curl_easy_setopt(handle, CURLOPT_PASSWORD, parcel->password != NULL ? parcel->password : "");
    }
    if (parcel->from != NULL) {
        curl_easy_setopt(handle, CURLOPT_MAIL_FROM, parcel->from);
        curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, parcel->to);
        curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(handle, CURLOPT_READFUNCTION, diatom_parcel_read);
        curl_easy_setopt(handle, CURLOPT_READDATA, parcel);
        /* A password is never said in the clear to another machine; without one TLS is used where there is some. */
        curl_easy_setopt(handle, CURLOPT_USE_SSL, (long)(parcel->user != NULL ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    } else {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, (const char *)parcel->body);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)parcel->length);
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, parcel->headers);
    }
    CURLcode code = curl_easy_perform(handle);
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(resolved);
    /* An answer that is too long has been heard well enough. */
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0))
        return status;
    if (error[0] == '\0')
        snprintf(error, CURL_ERROR_SIZE, "%s", curl_easy_strerror(code));
    return 0;
}
