"""Gives a program its environment of libraries, in the guest itself, before the program begins.

Like a virtual environment without the system's packages: the libraries stand behind the standard library, in place of
Debian's. Programs that it starts find them by PYTHONPATH and PATH.
"""


def use(folder):
    import os
    import site
    import sys

    packages = folder + "/site-packages"
    if not os.path.isdir(packages):
        sys.exit("diatom: the environment of this run is not shown to its sandbox; is the jailer's 'environments' set?")
    for path in [path for path in sys.path if path.endswith("/dist-packages")]:
        sys.path.remove(path)
        sys.path_importer_cache.pop(path, None)
    site.addsitedir(packages)
    given = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = packages + (":" + given if given else "")
    os.environ["PATH"] = folder + "/bin:" + os.environ.get("PATH", os.defpath)
