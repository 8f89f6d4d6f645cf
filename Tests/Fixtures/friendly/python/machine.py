import os
import platform
import resource
import socket
import sys
import sysconfig

print(os.cpu_count() >= 1, len(os.sched_getaffinity(0)) >= 1)
print(os.uname().sysname, os.uname().nodename, platform.node(), socket.gethostname())
print(platform.python_implementation(), platform.machine() == os.uname().machine, platform.system())
print(sys.version_info >= (3, 9), os.path.exists(sys.executable), os.path.isdir(sysconfig.get_path("stdlib")))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(soft >= 256, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], os.sysconf("SC_PAGE_SIZE") in (4096, 16384, 65536))
