#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct board {
    sem_t lock;
    int counter;
};

int main(void) {
    int memory = shm_open("/board", O_RDWR | O_CREAT | O_EXCL, 0600);
    if (memory < 0 || ftruncate(memory, sizeof(struct board)) != 0) {
        perror("shm_open");
        return 1;
    }
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    sem_init(&board->lock, 1, 1);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (int n = 0; n < 1000; n++) {
                sem_wait(&board->lock);
                board->counter++;
                sem_post(&board->lock);
            }
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    sem_t *named = sem_open("/named", O_CREAT, 0600, 2);
    printf("%d %d %d\n", board->counter, named != SEM_FAILED && sem_wait(named) == 0, shm_unlink("/board"));
    sem_unlink("/named");
    return 0;
}
