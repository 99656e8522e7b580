"""`glassgrad doctor`: what is wrong with a training, from a file that sets it up or from what it has recorded."""

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from glassgrad.cli.loading import load_object
from glassgrad.cli.output import INTERRUPTED, as_json, give, line_of_the_user, say, stop
from glassgrad.cli.table_errors import table_errors

if TYPE_CHECKING:
    from glassgrad.doctor.report.report import Report

HEALTHY, FINDINGS, NOT_EXAMINED = 0, 1, 2
_PARTS = ("model", "loss", "data", "optimizer")
_ALSO = {"optimizer": ("optimiser",)}  # the same by another name

Target = Annotated[
    str, typer.Argument(help="file.py:name of a function or dict that gives model, loss, data, optimizer; or a folder")
]
FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="NAMES", help="exit code 1 only for these findings: nan,vanishing"),
]


def doctor(
    target: Target,
    html: Annotated[Path | None, typer.Option(help="write the report as a page to this file")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="steps of the training; by default about 20 epochs")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="starts from which a cure is tried")] = 3,
    seconds: Annotated[float, typer.Option(min=0.001, help="about so long in all")] = 60.0,
    no_cures: Annotated[bool, typer.Option("--no-cures", help="look for causes, try no cures")] = False,
    fail_on: FailOn = None,
    json_: Annotated[bool, typer.Option("--json", help="give JSON")] = False,
) -> None:
    """Says whether a training learns; if not, where its gradient breaks, why, and which cure worked.

    Exit code 0: healthy; 1: something was found; 2: it could not be examined.
    """
    with table_errors():
        names = _names(fail_on)
        report = _of_folder(Path(target)) if Path(target).is_dir() else _examined(
            target, steps=steps, seeds=seeds, seconds=seconds, cures=not no_cures
        )  # fmt: skip
        if html is not None:
            give(report.html(), html)
        give(as_json(report.to_dict()) if json_ else _text(report), None)
    raise SystemExit(_code(report, names))


def _text(report: "Report") -> str:
    from glassgrad.terminal.table import coloured, terminal_width

    return report.text(min(120, terminal_width()), colours=coloured())


def _of_folder(folder: Path) -> "Report":
    from glassgrad.doctor.diagnosing import diagnosed
    from glassgrad.train.recorded import recorded_trace

    return diagnosed(recorded_trace(folder))


def _examined(target: str, **settings: Any) -> "Report":
    from glassgrad.base.errors import GlassgradError

    if ":" not in target and not target.endswith(".py"):
        stop(f"there is no folder {target}", hint="or name what sets a training up: file.py:function")
    parts = _parts(load_object(target, "setup"), target)
    try:
        from glassgrad.doctor.examining import examine

        return examine(*parts, **settings)
    except KeyboardInterrupt:
        stop("interrupted", code=INTERRUPTED)
    except GlassgradError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the person's own model raises is told, with the code that says so
        stop(f"{target} could not be examined: {type(error).__name__}: {error}", hint=_where(error))


def _where(error: Exception) -> str | None:
    place = line_of_the_user(error)
    return None if place is None else f"it is raised at {place}"


def _parts(found: Any, target: str) -> list[Any]:
    """Model, loss, data and optimiser, from a function that gives them, a mapping, a sequence or an object."""
    if callable(found) and not any(hasattr(found, name) for name in _PARTS[:1]):
        _check_takes_nothing(found, target)
        try:
            found = found()
        except Exception as error:  # noqa: BLE001 - it is the person's own function
            stop(f"{target} fails: {type(error).__name__}: {error}", hint=_where(error))
    if isinstance(found, tuple | list):
        if len(found) != len(_PARTS):
            stop(f"{target} gives {len(found)} things", hint=f"they are four: {', '.join(_PARTS)}")
        return list(found)
    given = found if isinstance(found, Mapping) else vars(found) if hasattr(found, "__dict__") else {}
    parts, missing = [], []
    for name in _PARTS:
        names = [each for each in (name, *_ALSO.get(name, ())) if each in given or hasattr(found, each)]
        if names:
            parts.append(given[names[0]] if names[0] in given else getattr(found, names[0]))
        else:
            missing.append(name)
    if missing:
        stop(f"{target} gives no {' and no '.join(missing)}", hint=f"a dict or object with {', '.join(_PARTS)}")
    return parts


def _check_takes_nothing(function: Any, target: str) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # it has none to look at
    try:
        signature.bind()
    except TypeError as error:
        stop(f"{target} cannot be called without arguments: {error}")


def _names(text: str | None) -> frozenset[str] | None:
    """The symptoms and causes that count; None counts everything."""
    if text is None:
        return None
    from glassgrad.doctor.causes.cause import CauseName
    from glassgrad.doctor.symptoms.symptom import SymptomName

    known = (*get_args(SymptomName), *get_args(CauseName))
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            stop(
                f"--fail-on: {name!r} is no symptom and no cause",
                hint=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}",
            )
    if not names:
        stop("--fail-on names nothing", hint=f"there are {', '.join(known)}")
    return frozenset(names)


def _code(report: "Report", names: frozenset[str] | None) -> int:
    if report.verdict == "unknown":
        say("it could not be told whether the training is healthy")
        return NOT_EXAMINED
    if names is None:
        return HEALTHY if report.is_healthy else FINDINGS
    found: set[str] = {symptom.name for symptom in report.symptoms}
    found |= {cause.name for cause in report.causes if cause.is_sure}
    return FINDINGS if names & found else HEALTHY
