"""What a command gives out: data on stdout or in a file, the rest on stderr, errors without a traceback."""

import io
import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from glassgrad.base.errors import DisagreementError, FormulaError, GlassgradError, UnitsError
from glassgrad.base.files import whole
from glassgrad.base.finite_json import finite_json
from glassgrad.base.source import Location, Place, is_internal, locate

_STANDARD = sysconfig.get_path("stdlib") + os.sep
DISAGREES = 1
BAD_INPUT = 2
INTERRUPTED = 130  # as shells say it: 128 and the number of the signal


def say(text: str) -> None:
    """A line for people."""
    print(text, file=sys.stderr)


def stop(message: str, *, hint: str | None = None, code: int = BAD_INPUT) -> NoReturn:
    """Ends the command with a message."""
    say(f"error: {message}")
    if hint:
        say(f"\nhint: {hint}")
    raise SystemExit(code)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turns an error made on purpose into its text and an exit code."""
    try:
        yield
    except DisagreementError as error:
        say(f"error: {error}")
        raise SystemExit(DISAGREES) from None
    except (FormulaError, UnitsError) as error:  # about the command's own words: no line of a file to show
        stop(error.message, hint=re.sub(r'\bwrt="([^"]*)"', r"--wrt \1", error.hint) if error.hint else None)
    except GlassgradError as error:
        say(f"error: {error}")
        raise SystemExit(BAD_INPUT) from None
    except BrokenPipeError:
        _let_go_of_stdout()  # the reader has gone: nothing more to say
        raise SystemExit(0) from None
    except Exception as error:
        place = line_of_the_user(error)
        if place is None:
            raise  # a mistake of ours: the traceback is what a report of it needs
        stop(f"{type(error).__name__}: {error}\n  at {place}")


def line_of_the_user(error: Exception) -> Location | None:
    """The innermost line of the person's own code that the error passed through."""
    found, link = None, error.__traceback__
    while link is not None:
        code = link.tb_frame.f_code
        found = found if is_internal(code) or _is_installed(code.co_filename) else locate(Place(code, link.tb_lasti))
        link = link.tb_next
    return found


def _is_installed(file: str) -> bool:
    """Is it part of Python or of a package that was installed, which no person wrote for this command?"""
    return file.startswith(_STANDARD) or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def speak_utf8() -> None:
    """Derivations are full of ∂ and ², which the encoding of an old terminal or of a pipe on Windows may not know."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8")


def _let_go_of_stdout() -> None:
    """What is still buffered goes nowhere, so that ending the program does not fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def give(text: str, file: Path | None) -> None:
    """Writes text to stdout, or to a file in one move: a reader sees the old file or the whole new one."""
    if not text.endswith("\n"):
        text += "\n"
    if file is None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            _let_go_of_stdout()
            stop(f"stdout cannot be written: {error.strerror}")
        return
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")  # a pipe or a device takes the text; it is not replaced
        else:
            with whole(file.resolve()) as part:
                part.write_text(text, encoding="utf-8")
    except OSError as error:
        stop(f"{file} cannot be written: {error.strerror}")
    say(f"wrote {file}")


def as_json(value: Any) -> str:
    """JSON with plain numbers; what is not finite becomes null."""
    return finite_json(value, indent=2)


def _width() -> int:
    """The columns of the terminal, where it is narrower than a page; below 60 formulas cannot be laid out."""
    return min(80, max(60, shutil.get_terminal_size().columns))


def shown(derivation: Any, form: str) -> str:
    """A derivation in one of its forms."""
    ways: dict[str, Callable[[], str]] = {
        "text": lambda: derivation.text(width=_width()),
        "latex": derivation.latex,
        "mathml": derivation.mathml,
        "html": derivation.html,
        "markdown": derivation.markdown,
        "json": lambda: as_json(derivation.to_dict()),
    }
    return ways[form]()
