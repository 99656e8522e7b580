"""Settings of the running thread or task: which checks are on, which engine runs, on how many threads. Floor 0.

with settings(verify=True): ...
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from glassgrad.base.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set.

    `verify`: check the laws of every graph after every transform (slow; on in the tests). `threads`: how many threads a
    compiled function may use, None for one on each processor of the process (no result depends on it). `engine`: what
    runs a function under `jit`: "cpu" (native code) or "reference" (NumPy, op by op).
    """

    verify: bool = False
    threads: int | None = None
    engine: str = "cpu"
    surroundings: object | None = None  # see `surrounded`


ENGINES = ("reference", "cpu")


_DEFAULT = Settings()
settings_variable: ContextVar[Settings] = ContextVar("glassgrad_settings", default=_DEFAULT)


def current() -> Settings:
    """The settings in force here."""
    return settings_variable.get()


@lru_cache(maxsize=256)
def _one_of(chosen: Settings) -> Settings:
    """The first of equal settings: compiled functions tell them apart by identity."""
    return chosen


@contextmanager
def settings(**changes: bool | int | str | None) -> Iterator[Settings]:
    """Changes settings for the code inside the `with` block.

    >>> with settings(verify=True, threads=1) as now:
    ...     now.verify, now.threads
    (True, 1)
    """
    names = [setting.name for setting in fields(Settings) if setting.name != "surroundings"]
    if unknown := changes.keys() - set(names):
        raise UsageError(f"there is no setting {min(unknown)!r}", hint=f"the settings are {', '.join(names)}")
    threads = changes.get("threads")
    if threads is not None and (type(threads) is not int or threads < 1):
        raise UsageError(f"threads is {threads!r}, not a number from 1", hint="None stands for all processors")
    if changes.get("engine", "cpu") not in ENGINES:
        raise UsageError(f"there is no engine {changes['engine']!r}", hint=f"the engines are {', '.join(ENGINES)}")
    token = settings_variable.set(_one_of(replace(settings_variable.get(), **changes)))  # type: ignore[arg-type]  # checked above
    try:
        yield settings_variable.get()
    finally:
        settings_variable.reset(token)


@contextmanager
def surrounded(by: object) -> Iterator[None]:
    """In the block functions mean something else than outside, by what is given: `jit` keeps nothing of them."""
    token = settings_variable.set(replace(settings_variable.get(), surroundings=by))
    try:
        yield
    finally:
        settings_variable.reset(token)
