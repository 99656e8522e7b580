"""Runs generated modules where NumPy is the only package. matrix.py starts it with a job file and a result file."""

import importlib.abc
import importlib.util
import pickle
import sys
import traceback
from pathlib import Path


class OnlyNumPy(importlib.abc.MetaPathFinder):
    """Refuses every package but NumPy and Python's own."""

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top == "numpy" or top in sys.stdlib_module_names or top.startswith("job_"):
            return
        raise ImportError(f"{name} is not there: generated source runs on NumPy alone")


def run(path: Path, function: str, arguments: dict) -> tuple:
    """Imports one module from its file and calls its function."""
    spec = importlib.util.spec_from_file_location(f"job_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)(*arguments.values())


def main() -> None:
    """Runs every job of the file."""
    sys.meta_path.insert(0, OnlyNumPy())
    jobs = pickle.loads(Path(sys.argv[1]).read_bytes())
    results = {}
    for key, path, function, arguments in jobs:
        try:
            value, gradient = run(Path(path), function, arguments)
            results[key] = ("ok", value, gradient)
        except Exception as error:  # noqa: BLE001 - the finding
            line = traceback.extract_tb(error.__traceback__)[-1]
            results[key] = ("error", f"{type(error).__name__}: {error} [line {line.lineno}: {line.line}]", None)
    Path(sys.argv[2]).write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main()
