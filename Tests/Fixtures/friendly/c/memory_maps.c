#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    long page = sysconf(_SC_PAGESIZE);
    int file = open("data.bin", O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, 2 * page) != 0) return 1;
    char *view = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    strcpy(view + page, "through the map");
    msync(view, 2 * page, MS_SYNC);
    char text[32] = "";
    if (pread(file, text, sizeof text - 1, page) < 0) return 1;
    puts(text);

    int *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fork() == 0) {
        *shared = 42;
        _exit(0);
    }
    wait(NULL);
    printf("%d\n", *shared);
    printf("%d %d\n", mprotect(shared, page, PROT_READ), munmap(view, 2 * page));
    return 0;
}
