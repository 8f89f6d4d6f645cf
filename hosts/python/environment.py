"""Gives a program its environment of libraries, in the guest itself, before the program begins.

Like a virtual environment without the system's packages: the libraries stand behind the standard library, in place of
Debian's. Programs that it starts find them by PYTHONPATH and PATH.
"""


def forget(system):
    """What the system's packages left in the interpreter when it started: namespaces, hooks of imports."""
    import sys

    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None) or "", *map(str, getattr(module, "__path__", None) or ())]
        if any(place.startswith(system) for place in places):
            del sys.modules[name]
            sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__module__", "") != name]


def use(folder):
    import os
    import site
    import sys

    packages = folder + "/site-packages"
    if not os.path.isdir(packages):
        sys.exit("diatom: the environment of this run is not shown to its sandbox; is the jailer's 'environments' set?")
    system = tuple(path + "/" for path in sys.path if path.endswith("/dist-packages"))
    sys.path[:] = [path for path in sys.path if path + "/" not in system]
    for path in system:
        sys.path_importer_cache.pop(path[:-1], None)
    forget(system)
    site.addsitedir(packages)
    given = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = packages + (":" + given if given else "")
    os.environ["PATH"] = folder + "/bin:" + os.environ.get("PATH", os.defpath)
