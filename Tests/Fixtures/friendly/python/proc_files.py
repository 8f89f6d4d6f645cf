import os

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["Pid"].strip() == str(os.getpid()), status["Uid"].split()[0] == str(os.getuid()), "VmRSS" in status)
memory = dict(line.split(":", 1) for line in open("/proc/meminfo"))
print(int(memory["MemTotal"].split()[0]) > 0, "MemAvailable" in memory)
print(sum(line.startswith("processor") for line in open("/proc/cpuinfo")) >= 1)
print({"0", "1", "2"} <= set(os.listdir("/proc/self/fd")), os.path.basename(os.readlink("/proc/self/exe")).startswith("python"))
print("[stack]" in open("/proc/self/maps").read(), float(open("/proc/uptime").read().split()[0]) > 0)
print(str(os.getpid()) in os.listdir("/proc"), os.readlink("/proc/self/cwd") == os.getcwd())
print(open("/proc/self/cmdline", "rb").read() != b"")
