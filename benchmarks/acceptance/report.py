"""What the runners of the acceptance sets share: outcomes, time limits, the summary table, JSON."""

import json
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType


@dataclass(slots=True)
class Outcome:
    """What became of one case: its failed checks by name, each with a reason; and remarks, which do not fail it."""

    case: str
    category: str
    title: str
    failures: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Did every check hold?"""
        return not self.failures


class TooSlow(BaseException):  # not an Exception: a library's `except Exception` must not swallow it
    """The case ran past its limit."""


@contextmanager
def limit(seconds: int) -> Iterator[None]:
    """Ends what runs inside after this many seconds (main thread, POSIX)."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"ran past {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def attempt(outcome: Outcome, check: str, action: Callable[[], None], seconds: int = 30) -> bool:
    """Runs one check; what it raises becomes the outcome's failure. True when it held."""
    start = time.perf_counter()
    try:
        with limit(seconds):
            action()
    except AssertionError as error:
        outcome.failures[check] = str(error) or "assertion"
    except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever a library raises is the finding
        outcome.failures[check] = f"{type(error).__name__}: {error} [{place(error)}]"
    finally:
        outcome.seconds += time.perf_counter() - start
    return check not in outcome.failures


def place(error: BaseException) -> str:
    """The innermost file and line of an error."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def one_line(text: str, width: int = 150) -> str:
    """A message cut to one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def show(title: str, outcomes: Sequence[Outcome], bar: float, *, verbose: bool = False) -> float:
    """Prints the table by category, the rate of each check and the failures; returns the rate of passed cases."""
    categories = list(dict.fromkeys(o.category for o in outcomes))
    width = max(map(len, [*categories, "all"]))
    print(f"\n{title}")
    print(f"{'':{width}}  passed  cases   rate  seconds")
    for name, group in [*((c, [o for o in outcomes if o.category == c]) for c in categories), ("all", outcomes)]:
        passed = sum(o.passed for o in group)
        print(
            f"{name:{width}}  {passed:6d} {len(group):6d} {passed / max(len(group), 1):6.1%}"
            f" {sum(o.seconds for o in group):8.1f}"
        )
    checks = list(dict.fromkeys(check for o in outcomes for check in o.failures))
    for check in checks:
        print(f"failed check {check!r}: {sum(check in o.failures for o in outcomes)} cases")
    failed = [o for o in outcomes if not o.passed]
    for outcome in failed if verbose else failed[:40]:
        for check, reason in outcome.failures.items():
            print(f"  {outcome.case} {outcome.title}: {check}: {one_line(reason)}")
    if len(failed) > 40 and not verbose:
        print(f"  … {len(failed) - 40} more; --verbose shows all")
    for remark in dict.fromkeys(remark for o in outcomes for remark in o.remarks):
        said = [o for o in outcomes if remark in o.remarks]
        print(f"remark {remark!r}: {len(said)} cases")
        for outcome in said if verbose else said[:3]:
            print(f"  {outcome.case}: {one_line(outcome.remarks[remark])}")
    rate = sum(o.passed for o in outcomes) / max(len(outcomes), 1)
    print(f"{rate:.2%} of {len(outcomes)} cases passed; the bar is {bar:.0%}")
    return rate


def save(path: Path | None, outcomes: Sequence[Outcome], **facts: object) -> None:
    """Writes the outcomes as JSON, if a path is given."""
    if path is not None:
        path.write_text(json.dumps({**facts, "cases": [asdict(o) for o in outcomes]}, indent=1), encoding="utf-8")
