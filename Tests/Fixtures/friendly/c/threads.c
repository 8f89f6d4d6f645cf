#include <pthread.h>
#include <stdio.h>

enum { threads = 8, rounds = 10000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static _Thread_local int mine;
static int counter, finished;

static void *work(void *argument) {
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < rounds; i++) {
        mine++;
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    pthread_mutex_lock(&mutex);
    finished += mine == rounds;
    pthread_cond_signal(&ready);
    pthread_mutex_unlock(&mutex);
    return argument;
}

int main(void) {
    pthread_t ids[threads];
    pthread_barrier_init(&barrier, NULL, threads);
    for (long i = 0; i < threads; i++) pthread_create(&ids[i], NULL, work, (void *)i);
    pthread_mutex_lock(&mutex);
    while (finished < threads) pthread_cond_wait(&ready, &mutex);
    pthread_mutex_unlock(&mutex);
    long sum = 0;
    for (int i = 0; i < threads; i++) {
        void *result;
        pthread_join(ids[i], &result);
        sum += (long)result;
    }
    printf("%d %d %ld\n", counter, finished, sum);
    return 0;
}
