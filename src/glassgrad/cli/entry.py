"""Where the command starts: a Ctrl-C says so in a line, even while the packages are loaded."""

import sys
from types import CodeType

_INTERRUPTED = 130  # as the other modules say it, which are not there yet


def run() -> None:
    """The entry point of the command."""
    started_by: CodeType = sys._getframe(1).f_code  # noqa: SLF001 - the script that pip wrote, or runpy
    try:
        from glassgrad.cli.main import started  # it loads the packages, which takes a while

        started(started_by)
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(_INTERRUPTED)
