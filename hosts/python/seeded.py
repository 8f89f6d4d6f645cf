"""What a run with a seed starts with, as its `sitecustomize`: generators that would begin anywhere begin there.

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
    import random

    seed = int(os.environ.pop("DIATOM_SEED"))
    random.seed(seed)
    sys.meta_path.insert(0, _NumpySeeder(seed))
    own, _, given = os.environ.pop("PYTHONPATH", "").partition(":")
    if own != folder or given:
        os.environ["PYTHONPATH"] = given if own == folder else own + ":" + given
    sys.path[:] = [path for path in sys.path if path != folder]
    sys.path_importer_cache.pop(folder, None)


_main()
