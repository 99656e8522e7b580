"""Settings of the running thread or task: which checks are on. Floor 0.

with settings(verify=True): ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. `verify`: check the laws of every graph after every transform (slow; on in the tests)."""

    verify: bool = False


_DEFAULT = Settings()
_current: ContextVar[Settings] = ContextVar("glassgrad_settings", default=_DEFAULT)


def current() -> Settings:
    """The settings in force here."""
    return _current.get()


@contextmanager
def settings(**changes: bool) -> Iterator[Settings]:
    """Changes settings for the code inside the `with` block.

    >>> with settings(verify=True) as now:
    ...     now.verify
    True
    """
    token = _current.set(replace(_current.get(), **changes))
    try:
        yield _current.get()
    finally:
        _current.reset(token)
