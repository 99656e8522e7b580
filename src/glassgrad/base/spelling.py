"""Names that a module does not have, and those that were meant. Floor 0."""

from collections.abc import Mapping, Sequence


def missing(module: str, name: str, known: Sequence[str], elsewhere: Mapping[str, str]) -> AttributeError:
    """The error for a name that a module does not have; `elsewhere` says what other libraries' names are here.

    >>> missing("glassgrad.nn", "LeakyReLU", ["leaky_relu", "relu"], {})
    AttributeError("module 'glassgrad.nn' has no attribute 'LeakyReLU'. Did you mean 'leaky_relu'?")
    """
    said = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(said)
    plain = {_plain(one): one for one in known}
    meant = elsewhere.get(name) or plain.get(_plain(name)) or _near(name, plain)
    return AttributeError(f"{said}. Did you mean {meant!r}?" if meant else said)


def _plain(name: str) -> str:
    """Without capitals, underscores and PyTorch's ending of losses."""
    return name.replace("_", "").lower().removesuffix("loss")


def _near(name: str, plain: Mapping[str, str]) -> str | None:
    from difflib import get_close_matches  # lazily: only a slip of the pen needs it

    close = get_close_matches(_plain(name), plain, n=1)
    return plain[close[0]] if close else None
