"""Files that appear whole or not at all: written beside their place, and moved there when they are done. Floor 0."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PART = ".part"  # the end of the name of a file that is being written


@contextmanager
def whole(path: Path, *, keep: Path | None = None) -> Iterator[Path]:
    """A path beside `path` to write to. At the end of the block it takes the place of `path`, and the file that was
    there goes to `keep`; after an error that stays as it was.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with whole(place) as part:
    ...     _ = part.write_text("all of it")
    >>> place.read_text(), len(list(place.parent.iterdir()))
    ('all of it', 1)
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{_PART}")
    try:
        yield part
        if keep is not None and path.exists():
            path.replace(keep)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def parts_of(path: Path) -> list[Path]:
    """What processes that were killed have left of this file, and what others are writing of it."""
    return list(path.parent.glob(f".{glob.escape(path.name)}.*{_PART}"))
