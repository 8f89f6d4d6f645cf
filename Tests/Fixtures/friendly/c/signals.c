#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t last;
static sigjmp_buf out;

static void note(int number) { last = number; }

static void escape(int number) { siglongjmp(out, number); }

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    raise(SIGUSR1);
    printf("%d\n", last == SIGUSR1);
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 20000}, NULL);
    sigemptyset(&pending);
    sigsuspend(&pending);
    printf("%d\n", last == SIGALRM);

    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    sigpending(&pending);
    int number;
    sigwait(&set, &number);
    printf("%d %d\n", sigismember(&pending, SIGUSR1), number == SIGUSR1);

    action.sa_handler = escape;
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(out, 1) == 0) {
        int *volatile nowhere = NULL;
        *nowhere = 1;
        puts("not reached");
    }
    puts("caught the fault");
    signal(SIGTERM, SIG_IGN);
    return kill(getpid(), SIGTERM);
}
