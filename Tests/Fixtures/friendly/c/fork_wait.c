#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    int ends[2], status;
    char text[64] = "";
    if (pipe(ends) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execlp("echo", "echo", "from exec", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (read(ends[0], text, sizeof text - 1) < 0) return 1;
    waitpid(child, &status, 0);
    printf("%.*s %d\n", (int)strcspn(text, "\n"), text, WEXITSTATUS(status));

    if ((child = fork()) == 0) {
        pause();
        _exit(0);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("%d %d\n", WIFSIGNALED(status), WTERMSIG(status));

    int codes = 0;
    for (int i = 1; i <= 4; i++) {
        if (fork() == 0) _exit(i);
    }
    while (wait(&status) > 0) codes += WEXITSTATUS(status);
    printf("%d\n", codes);

    FILE *command = popen("echo popen", "r");
    if (command && fgets(text, sizeof text, command)) printf("%s", text);
    printf("%d\n", command ? pclose(command) : -1);
    return 9;
}
