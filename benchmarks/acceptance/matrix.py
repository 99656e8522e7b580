"""Matrix calculus: Python functions in plain NumPy, whose generated backward pass has to run on NumPy alone.

For each function: `glassgrad.grad` against accurate differences; `glassgrad.source` written to a file and run in a
process that has NumPy and nothing else; `glassgrad.explain` printed within 80 columns, in the user's names, with its
check. Exit code 0 when at least --bar of the functions pass every check and none crashes.
"""

import argparse
import ast
import contextlib
import inspect
import io
import pickle
import subprocess
import sys
import tempfile
import textwrap
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Any

import functions.algebra
import functions.arrays
import functions.networks
import functions.sequences
import numpy as np
from differences import difference, leaves, movable, numeric_gradient
from functions.registry import CASES, Case
from report import Outcome, attempt, save, show

import glassgrad

FAMILIES = (functions.algebra, functions.networks, functions.sequences, functions.arrays)
VALUE, GRADIENT = 1e-10, 1e-6
COLUMNS = 80


class Examined:
    """One function with its arguments, its numeric gradients and what was found."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.arguments = case.arguments()
        self.names = movable(self.arguments)
        self.outcome = Outcome(case.name, case.category, f"({', '.join(self.arguments)})")
        self.value = float(case.function(**case.arguments()))
        found = {name: numeric_gradient(case.function, self.arguments, name) for name in self.names}
        self.gradients = {name: gradient for name, (gradient, _) in found.items()}
        self.doubtful = {name: doubt for name, (_, doubt) in found.items() if doubt > GRADIENT / 3}

    def compare(self, value: Any, gradients: dict[str, Any], what: str) -> None:
        """Holds a value and gradients against the numeric ones."""
        assert np.shape(value) == () and abs(float(value) - self.value) <= VALUE * max(1, abs(self.value)), (
            f"{what}: value {value} for {self.value}"
        )
        for name, gradient in gradients.items():
            gap = difference(gradient, self.gradients[name])
            shapes = (
                [np.shape(leaf) for leaf in leaves(gradient)],
                [np.shape(leaf) for leaf in leaves(self.gradients[name])],
            )
            assert shapes[0] == shapes[1], (
                f"{what}: the gradient wrt {name} has shapes {shapes[0]}, the argument {shapes[1]}"
            )
            assert gap <= GRADIENT, f"{what}: the gradient wrt {name} is off by {gap:.2g}"

    @property
    def positional(self) -> list[Any]:
        """Fresh arguments in order."""
        return list(self.case.arguments().values())


def check_grad(item: Examined) -> None:
    """`value_and_grad` over all arguments at once."""
    value, gradients = glassgrad.value_and_grad(item.case.function, argnums=tuple(item.names))(*item.positional)
    item.compare(value, dict(zip(item.names, gradients, strict=True)), "grad")


def write_source(item: Examined, folder: Path, wrt: list[str]) -> tuple[str, Path, str, dict[str, Any]]:
    """The generated module on disk, and the job that runs it."""
    text = str(glassgrad.source(item.case.function, *item.positional, wrt=wrt if len(wrt) > 1 else wrt[0]))
    name = f"{item.case.name}_and_grad"
    key = f"{item.case.name}__{'_'.join(wrt)}"
    path = folder / f"{key}.py"
    path.write_text(text, encoding="utf-8")
    tree = ast.parse(text)
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert set(imports) <= {"import numpy as np"}, f"source imports {imports}"
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert name in defined, f"source defines {sorted(defined)}, not {name}"
    parameters = [a.arg for a in defined[name].args.args]
    assert parameters == list(item.arguments), f"source's parameters are {parameters}"
    return key, path, name, item.case.arguments()


def without_origin(text: str) -> list[str]:
    """Lines of the backward pass that do not say which of the user's lines they come from."""
    backward = text.partition("\n    value = ")[2].partition("\n\n")[2].splitlines()
    return [
        line.strip()
        for before, line in pairwise(["", *backward])
        if line.lstrip().startswith("d") and " = " in line and "# from:" not in line + before
    ]


def check_explain(item: Examined) -> None:
    """The printed derivation: width, names, its own check."""
    for wrt in item.names[:1]:
        derivation = glassgrad.explain(item.case.function, *item.positional, wrt=wrt)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            print(derivation)
        text = out.getvalue()
        wide = [line for line in text.splitlines() if columns(line) > COLUMNS]
        assert not wide, f"{len(wide)} lines are wider than {COLUMNS} columns, such as {wide[0]!r}"
        assert named(wrt, text), f"the derivation does not name {wrt}"
        own = local_names(item.case.function)
        seen = {name for name in own if named(name, text)}
        assert not own or len(seen) >= len(own) / 2, f"of the user's names {sorted(own)} only {sorted(seen)} appear"
        check = derivation.to_dict()["check"]
        assert check["agrees"] is True, f"its own check: {check}"


def named(name: str, text: str) -> bool:
    """Does the text have this name, as it is or in Greek?"""
    try:
        greek = unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}")
    except KeyError:
        greek = name
    return name in text or greek in text


def columns(line: str) -> int:
    """Terminal columns of a line."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def local_names(function: Any) -> set[str]:
    """Names that the function assigns plainly, outside of loops and inner functions."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(n, ast.Call | ast.BinOp) for n in ast.walk(statement.value)
        ):
            names |= {t.id for t in statement.targets if isinstance(t, ast.Name) and t.id != "n"}
    return names


def run_alone(jobs: list[tuple[str, Path, str, dict[str, Any]]], folder: Path) -> dict[str, tuple[str, Any, Any]]:
    """All generated modules in one process that has only NumPy."""
    given, taken = folder / "jobs.pickle", folder / "results.pickle"
    given.write_bytes(pickle.dumps([(key, str(path), name, arguments) for key, path, name, arguments in jobs]))
    script = Path(__file__).with_name("alone.py")
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(given), str(taken)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the process that runs the sources failed:\n{done.stderr[-2000:]}")
    return pickle.loads(taken.read_bytes())


def check_sources(items: list[Examined], folder: Path, *, each: bool, seconds: int) -> None:
    """Writes, runs and compares the generated modules of all functions."""
    jobs: list[tuple[str, Path, str, dict[str, Any]]] = []
    wanted: list[tuple[Examined, list[str], str]] = []
    for number, item in enumerate(items):
        singles = item.names if each else item.names[number % len(item.names) :][:1]
        for wrt in [item.names, *([name] for name in singles if len(item.names) > 1)]:

            def write(item: Examined = item, wrt: list[str] = wrt) -> None:
                jobs.append(write_source(item, folder, wrt))
                silent = without_origin(jobs[-1][1].read_text(encoding="utf-8"))
                if silent:
                    item.outcome.remarks["backward lines without `# from:`"] = "; ".join(silent)

            if attempt(item.outcome, f"source wrt {' '.join(wrt)}", write, seconds):
                wanted.append((item, wrt, jobs[-1][0]))
    results = run_alone(jobs, folder)
    for item, wrt, key in wanted:

        def compare(item: Examined = item, wrt: list[str] = wrt, key: str = key) -> None:
            state, value, gradient = results[key]
            assert state == "ok", f"running it: {value}"
            item.compare(value, dict(zip(wrt, gradient if len(wrt) > 1 else (gradient,), strict=True)), "source")

        attempt(item.outcome, f"source wrt {' '.join(wrt)}", compare, seconds)


def main() -> int:
    """Runs the set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="functions whose name or category contains this text")
    parser.add_argument("--checks", default="grad,source,explain", help="which of grad, source, explain")
    parser.add_argument(
        "--each", action="store_true", help="a source for each argument alone, not only for one of them"
    )
    parser.add_argument("--every", type=int, default=1, help="run every n-th function only")
    parser.add_argument("--bar", type=float, default=0.95)
    parser.add_argument("--limit", type=int, default=30, help="seconds a check may take")
    parser.add_argument("--keep", type=Path, help="keep the generated modules in this folder")
    parser.add_argument("--json", type=Path, help="write all outcomes to this file")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    chosen = [c for c in CASES if options.only in c.name or options.only in c.category][:: options.every]
    items = [Examined(case) for case in chosen]
    for item in items:
        for name, doubt in item.doubtful.items():
            print(f"oracle: {item.case.name} wrt {name} is uncertain by {doubt:.1g}")
    checks = options.checks.split(",")
    for item in items:
        for word, action in (("grad", check_grad), ("explain", check_explain)):
            if word in checks:
                attempt(item.outcome, word, lambda item=item, action=action: action(item), options.limit)
    if "source" in checks:
        with tempfile.TemporaryDirectory() as scratch:
            folder = options.keep or Path(scratch)
            folder.mkdir(parents=True, exist_ok=True)
            check_sources(items, folder, each=options.each, seconds=options.limit)
    outcomes = [item.outcome for item in items]
    rate = show(
        "Matrix calculus: gradients, generated source, derivations", outcomes, options.bar, verbose=options.verbose
    )
    for word in checks:
        good = sum(not any(check.startswith(word) for check in o.failures) for o in outcomes)
        print(f"{word}: {good}/{len(outcomes)} = {good / max(len(outcomes), 1):.1%}")
    save(options.json, outcomes, rate=rate)
    return 0 if rate >= options.bar else 1


if __name__ == "__main__":
    sys.exit(main())
