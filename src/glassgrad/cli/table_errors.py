"""What can be wrong with tables, settings and folders, in the words of the command line; warnings as lines."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glassgrad.base.errors import CheckpointError, DomainError, TableError, UsageError
from glassgrad.cli.output import INTERRUPTED, plain_errors, say, stop

_OPTIONS = (  # what the library calls it, and what the command does
    (re.compile(r"kinds=\{'column': 'category'\}"), "--kind column=category"),
    (re.compile(r"\btask='(\w*)'"), r"--task \1"),
    (re.compile(r"\bseparator= "), "--separator "),
    (re.compile(r"\brows=(\d+)"), r"--rows \1"),
    (re.compile(r"^rows is"), "--rows is"),
    (re.compile(r"\bresume=False\b"), "--overwrite"),
    (re.compile(r"^Options: rate\b"), "--lr"),
    (re.compile(r"^Options: (\w+)"), lambda found: "--" + found[1].replace("_", "-")),
    (re.compile(r"; or give a function$"), ""),
    (re.compile(r"store\.open\(path\), or --store PATH"), "GLASSGRAD_STORE=PATH in the environment"),
    (re.compile(r", or leave them out \(columns=\)|read fewer columns \(columns=\), or "), ""),
)


@contextmanager
def table_errors() -> Iterator[None]:
    """Turns what goes wrong with files, tables and settings into a message with a hint and an exit code."""
    with plain_errors(), warnings.catch_warnings():
        warnings.showwarning = _told
        warnings.filterwarnings("ignore", "the training failed")  # the command says it, in its own words
        try:
            yield
        except (TableError, UsageError, CheckpointError, DomainError) as error:
            stop(as_options(error.message), hint=as_options(error.hint) if error.hint else None)
        except KeyboardInterrupt:
            stop("interrupted", code=INTERRUPTED)
        except BrokenPipeError:
            raise
        except OSError as error:
            place = error.filename or "a file"
            stop(f"{place} cannot be read or written: {error.strerror or error}")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("sklearn", "polars"):
                raise
            stop(f"{error.name} is not installed, and tables need it", hint="pip install 'glassgrad[train]'")
        except MemoryError:
            stop("there is not enough memory for this table", hint="a part of its rows or columns will do")


def as_options(text: str) -> str:
    """A message of the library in the words of the command line.

    >>> as_options("task='regression' is for numbers")
    '--task regression is for numbers'
    """
    for pattern, words in _OPTIONS:
        text = pattern.sub(words, text)
    return text


def _told(message: Any, *where: Any, **how: Any) -> None:
    """A warning, without the line of the library that gives it."""
    say(f"! {message}")
