// Two copies of this program may run at once: each has a loopback of its own.
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int server;

static void *echo(void *unused) {
    char text[32];
    int client = accept(server, NULL, NULL);
    ssize_t count;
    while ((count = read(client, text, sizeof text)) > 0) {
        if (write(client, text, count) != count) break;
    }
    close(client);
    return unused;
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 4) != 0) {
        perror("bind or listen");
        return 1;
    }
    pthread_t thread;
    pthread_create(&thread, NULL, echo, NULL);
    usleep(300000);  // long enough to overlap with the other copy

    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    int failure = getaddrinfo("localhost", "8080", &hints, &found);
    if (failure) {
        puts(gai_strerror(failure));
        return 1;
    }
    int client = socket(AF_INET, SOCK_STREAM, 0);
    char text[32] = "";
    if (connect(client, found->ai_addr, found->ai_addrlen) != 0 || write(client, "echoed", 6) != 6) return 1;
    if (read(client, text, sizeof text - 1) < 0) return 1;
    puts(text);
    freeaddrinfo(found);
    close(client);
    pthread_join(thread, NULL);
    return 0;
}
