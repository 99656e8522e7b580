"""HIPS autograd's own test suite, run on Glassgrad through an import shim (`shims/autograd`).

`python autograd_suite.py --checkout PATH`, where PATH is a clone of github.com/HIPS/autograd; nothing of it is kept
here. Counted are the tests about differentiation and about NumPy and SciPy coverage; what is not counted is run too,
and listed with its reason. Exit code 0 when at least --bar of the counted tests pass.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from report import Outcome, one_line, save, show

SHIMS = Path(__file__).with_name("shims")
PYTHON_NUMBERS = "where() on plain Python numbers gives Python numbers there; NumPy gives arrays, and so do we"
NOT_COUNTED: tuple[tuple[str, str], ...] = (
    (r"test_vspaces\.", "vector-space objects inside that library"),
    (r"test_misc\.test_const_graph", "the number of times that library's tracer calls a function"),
    (r"test_wrappers\.test_wrapped_name_and_docs", "names and docstrings of that library's wrappers"),
    (r"test_graphs\.test_assignment_raises_error", "wants item assignment refused; Glassgrad differentiates it"),
    (r"test_fft\.test_rfftn_odd_not_implemented", "wants NotImplementedError; Glassgrad has this derivative"),
    (r"test_wrappers\.test_custom_where$", "calls where() by keywords, which NumPy takes by position only"),
    (r"test_wrappers\.test_custom_where_dtypes\[(int|float|list)-", PYTHON_NUMBERS),
)


def reason_not_counted(test: str) -> str | None:
    """Why a test is not counted, or None."""
    return next((reason for pattern, reason in NOT_COUNTED if re.search(pattern, test)), None)


def run_suite(checkout: Path, scratch: Path, only: str, seconds: int) -> tuple[Path, str]:
    """Pytest on the checkout's tests with the shim in front; the path of its XML report and its output."""
    (scratch / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = scratch / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(checkout / "tests"),
        "-c",
        str(scratch / "pytest.ini"),
        "--rootdir",
        str(checkout / "tests"),
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        "--continue-on-collection-errors",
        f"--timeout={seconds}",
        f"--junitxml={report}",
        "-W",
        "ignore",
        *(["-k", only] if only else []),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(SHIMS), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if not report.exists():
        raise RuntimeError(f"pytest did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return report, done.stdout


def outcomes_of(report: Path) -> list[Outcome]:
    """One outcome for each test of the XML report; skipped ones are left out."""
    found = []
    for case in ET.parse(report).iter("testcase"):
        file = (case.get("classname") or case.get("name") or "?").rpartition(".")[2]
        outcome = Outcome(f"{file}.{case.get('name')}", file, "", seconds=float(case.get("time") or 0))
        for problem in [*case.iter("failure"), *case.iter("error")]:
            outcome.failures["test"] = f"{problem.get('message') or ''} {last_place(problem.text or '')}"
        if next(case.iter("skipped"), None) is None:
            found.append(outcome)
    return found


def last_place(trace: str) -> str:
    """The last file and line of a short traceback."""
    places = re.findall(r"^(\S+\.py:\d+): in", trace, flags=re.MULTILINE)
    return f"[{places[-1]}]" if places else ""


def main() -> int:
    """Runs the suite and shows both groups."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, required=True, help="a clone of HIPS/autograd")
    parser.add_argument("--only", default="", help="pytest's -k")
    parser.add_argument("--bar", type=float, default=0.97)
    parser.add_argument("--limit", type=int, default=60, help="seconds a test may take")
    parser.add_argument("--json", type=Path, help="write all outcomes to this file")
    parser.add_argument("--log", type=Path, help="write pytest's output to this file")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        report, output = run_suite(options.checkout.resolve(), Path(scratch), options.only, options.limit)
        outcomes = outcomes_of(report)
    if options.log:
        options.log.write_text(output, encoding="utf-8")
    counted = [o for o in outcomes if reason_not_counted(o.case) is None]
    rest = [o for o in outcomes if reason_not_counted(o.case) is not None]
    rate = show("autograd's own suite: differentiation, NumPy and SciPy", counted, options.bar, verbose=options.verbose)
    print(f"\nnot counted ({len(rest)}, of which {sum(o.passed for o in rest)} pass):")
    for outcome in rest:
        print(
            f"  {'pass' if outcome.passed else 'fail'} {one_line(outcome.case, 70)}: {reason_not_counted(outcome.case)}"
        )
    save(options.json, outcomes, rate=rate)
    return 0 if rate >= options.bar else 1


if __name__ == "__main__":
    sys.exit(main())
