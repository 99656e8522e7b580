"""The array API standard's own test suite, with every function, operator and index run through a trace.

`python array_api_suite.py --checkout TESTS --spec SPEC`, where TESTS is a clone of github.com/data-apis/array-api-tests
and SPEC one of github.com/data-apis/array-api (its submodule; not needed where the clone has it). Needs the packages
`ndindex` and `pytest-json-report`. Not counted are the tests of `array_api_skips.txt`, each with its reason.
Exit code 0 when all others pass.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from autograd_suite import last_place
from report import Outcome, save, show

HERE = Path(__file__).parent
SKIPS = HERE / "array_api_skips.txt"


def skips() -> dict[str, str]:
    """The tests that are not counted, with the reason that stands above them."""
    reason, found = "", {}
    for line in SKIPS.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line.strip():
            found[line.strip()] = reason
    return found


def assembled(checkout: Path, spec: Path | None, scratch: Path) -> Path:
    """A copy of the tests that has the specification in its place."""
    copy = scratch / "suite"
    shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git", ".hypothesis"))
    if not (copy / "array-api" / "src").exists():
        if spec is None:
            raise SystemExit("the clone has no array-api submodule: give --spec PATH")
        shutil.rmtree(copy / "array-api", ignore_errors=True)
        shutil.copytree(spec, copy / "array-api", ignore=shutil.ignore_patterns(".git"))
    return copy


def run_suite(suite: Path, scratch: Path, options: argparse.Namespace) -> tuple[Path, str]:
    """Pytest on the suite; the path of its XML report and its output."""
    report = scratch / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "array_api_tests",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        f"--max-examples={options.examples}",
        "--disable-deadline",
        "--derandomize",
        f"--skips-file={SKIPS}",
        f"--timeout={options.limit}",
        f"--junitxml={report}",
        "-W",
        "ignore",
        *(["-k", options.only] if options.only else []),
        *(["-n", str(options.processes)] if options.processes > 1 else []),
    ]
    environment = {
        **os.environ,
        "ARRAY_API_TESTS_MODULE": "traced_namespace",
        "ARRAY_API_TESTS_VERSION": options.version,
        "GLASSGRAD_TRACE": options.trace,
        "ARRAY_API_TESTS_MAX_ARRAY_SIZE": "64",
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)
    if not report.exists():
        raise RuntimeError(f"pytest did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return report, done.stdout


def outcomes_of(report: Path) -> tuple[list[Outcome], int]:
    """One outcome for each test that ran, and how many were skipped."""
    found, skipped = [], 0
    for case in ET.parse(report).iter("testcase"):
        file = (case.get("classname") or "?").split(".")[1 if "." in (case.get("classname") or "") else 0]
        outcome = Outcome(f"{file}::{case.get('name')}", file, "", seconds=float(case.get("time") or 0))
        for problem in [*case.iter("failure"), *case.iter("error")]:
            outcome.failures["test"] = f"{problem.get('message') or ''} {last_place(problem.text or '')}"
        if next(case.iter("skipped"), None) is None:
            found.append(outcome)
        else:
            skipped += 1
    return found, skipped


def main() -> int:
    """Runs the suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, required=True, help="a clone of data-apis/array-api-tests")
    parser.add_argument("--spec", type=Path, help="a clone of data-apis/array-api")
    parser.add_argument("--trace", choices=("known", "jit", "numpy"), default="known")
    parser.add_argument("--examples", type=int, default=20, help="Hypothesis's examples a test")
    parser.add_argument("--version", default="2024.12", help="of the standard")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="pytest's -k")
    parser.add_argument("--limit", type=int, default=120, help="seconds a test may take")
    parser.add_argument("--json", type=Path, help="write all outcomes to this file")
    parser.add_argument("--log", type=Path, help="write pytest's output to this file")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        report, output = run_suite(assembled(options.checkout.resolve(), options.spec, scratch), scratch, options)
        outcomes, skipped = outcomes_of(report)
    if options.log:
        options.log.write_text(output, encoding="utf-8")
    rate = show(
        f"The array API standard {options.version}, traced ({options.trace})", outcomes, 1.0, verbose=options.verbose
    )
    print(f"skipped: {skipped}. Not counted, with reasons:")
    for test, reason in skips().items():
        print(f"  {test}: {reason}")
    save(options.json, outcomes, rate=rate)
    return 0 if rate >= 1.0 else 1


if __name__ == "__main__":
    sys.exit(main())
