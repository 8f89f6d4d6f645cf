"""Gives a program its environment of libraries, in the guest itself, before the program begins.

Like a virtual environment without the system's packages: the libraries stand behind the standard library, in place of
Debian's. Programs that it starts find them by PYTHONPATH and PATH.
"""
import os
import site
import sys

SYSTEM = tuple(path + "/" for path in sys.path if path.endswith("/dist-packages"))


def _left():
    """What the system's packages left in the interpreter when it started: namespaces, hooks of imports."""
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None) or "", *map(str, getattr(module, "__path__", None) or ())]
        if any(place.startswith(SYSTEM) for place in places):
            yield name


# Before a warm host forks: to look at a module in a child is to copy its page.
LEFT = list(_left())


def _replace_system(packages):
    sys.path[:] = [path for path in sys.path if path + "/" not in SYSTEM]
    for path in SYSTEM:
        sys.path_importer_cache.pop(path[:-1], None)
    for name in LEFT:
        sys.modules.pop(name, None)
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__module__", "") not in LEFT]
    site.addsitedir(packages)


def use(folder):
    packages = folder + "/site-packages"
    if not os.path.isdir(packages):
        sys.exit("diatom: the environment of this run is not shown to its sandbox; is the jailer's 'environments' set?")
    if packages not in sys.path:  # a host that has done it already
        _replace_system(packages)
    given = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = packages + (":" + given if given else "")
    os.environ["PATH"] = folder + "/bin:" + os.environ.get("PATH", os.defpath)
