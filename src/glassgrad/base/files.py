"""Files that appear whole or not at all: written beside their place, and moved there when they are done. Floor 0."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to. At the end of the block it takes the place of `path`; after an error the file
    that was there stays as it was.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "notes.txt"
    >>> with whole(place) as part:
    ...     _ = part.write_text("all of it")
    >>> place.read_text(), len(list(place.parent.iterdir()))
    ('all of it', 1)
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
