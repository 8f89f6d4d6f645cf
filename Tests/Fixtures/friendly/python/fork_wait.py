import os

reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    os.close(reader)
    os.write(writer, str(os.getppid()).encode())
    os._exit(5)
os.close(writer)
print(int(os.read(reader, 100)) == os.getpid(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

pids = []
for code in range(4):
    if (pid := os.fork()) == 0:
        os._exit(code)
    pids.append(pid)
print(sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))

if (pid := os.fork()) == 0:
    os.abort()
status = os.waitpid(pid, 0)[1]
print(os.WIFSIGNALED(status), os.WTERMSIG(status))
try:
    os.wait()
except ChildProcessError:
    print("no child left")

if (pid := os.fork()) == 0:
    os.execvp("sh", ["sh", "-c", "exit 9"])
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp("true", ["true"], os.environ), 0)[1]))
