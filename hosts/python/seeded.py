"""What a fresh run with a seed, with libraries, or a rich one, starts with, as its `sitecustomize`.

With a seed, generators that would begin anywhere begin there.

`PYTHONHASHSEED` fixes hashes. What asks the operating system (`os.urandom`, `secrets`, `uuid4`, numpy's
`default_rng()` without a seed) stays random.
"""
import sys


class _NumpySeeder:
    """Seeds numpy's global generator when, and if, the program imports it."""

    def __init__(self, seed):
        self.seed = seed

    def find_spec(self, name, path, target=None):
        if name != "numpy.random":
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute, seed = spec.loader.exec_module, self.seed

            def execute_and_seed(module):
                execute(module)
                module.seed(seed)

            spec.loader.exec_module = execute_and_seed
        return spec


def _main(folder="/diatom/seeded"):
    import os

    if "DIATOM_SEED" in os.environ:
        import random

        seed = int(os.environ.pop("DIATOM_SEED"))
        random.seed(seed)
        sys.meta_path.insert(0, _NumpySeeder(seed))
    own, _, given = os.environ.pop("PYTHONPATH", "").partition(":")
    if own != folder or given:
        os.environ["PYTHONPATH"] = given if own == folder else own + ":" + given
    sys.path[:] = [path for path in sys.path if path != folder]
    sys.path_importer_cache.pop(folder, None)
    if "DIATOM_ENVIRONMENT" in os.environ:
        _use_libraries(os.environ.pop("DIATOM_ENVIRONMENT"))
    if os.environ.pop("DIATOM_RICH", None):
        _enrich()


def _use_libraries(folder):
    """Gives the program its environment, as a warm one gets it."""
    namespace = {"__name__": "diatom_environment"}
    with open("/diatom/environment.py", "rb") as file:
        exec(compile(file.read(), "/diatom/environment.py", "exec"), namespace)
    namespace["use"](folder)


def _enrich():
    """Before a rich run's program: what notes its results, which came with its files."""
    import os

    path = "/home/user/.diatom-rich.py"
    with open(path, "rb") as file:
        namespace = {"__name__": "diatom_rich"}
        exec(compile(file.read(), path, "exec"), namespace)
    os.unlink(path)
    namespace["_install"](sys.argv[0])


_main()
